import { WalhookError } from '../errors.ts';
import type { Lsn } from '../lsn.ts';
import type { Queryable } from './inspect.ts';
import { qualified } from './quote.ts';

/** How often to look, in milliseconds. */
const INTERVAL = 10_000;

export interface PublicationWatchOptions {
  readonly pool: Queryable;
  readonly publication: string;
  /** The tables that should be in it. */
  readonly tables: readonly { readonly schema: string; readonly table: string }[];
  /** What is confirmed now. */
  readonly confirmed: () => Lsn;
  /** It is not as it was when the watch began. What that means is for `refuseBrokenStream` to find, on a new connection. */
  readonly onAltered: (reason: WalhookError) => void;
  /** Milliseconds between two looks. Default 10,000. */
  readonly interval?: number;
}

/**
 * Notices that somebody alters the publication while it is streamed, or makes one of its tables anew: Postgres leaves out
 * what it does not publish any more without a word.
 */
export class PublicationWatch {
  readonly #options: PublicationWatchOptions;
  #timer: NodeJS.Timeout | null = null;
  /** As it was at the start of the connection. */
  #before: string | null = null;
  #wholeAt: Lsn | null = null;

  constructor(options: PublicationWatchOptions) {
    this.#options = options;
  }

  /** What was confirmed when the publication was last seen as it should be: what is left out comes after it. Null: it was not looked at. */
  get wholeAt(): Lsn | null {
    return this.#wholeAt;
  }

  /**
   * As the publication is now, it should stay. To be called before it is checked whether that is as it should be, so that
   * nothing comes in between. Rejects if the database does not answer.
   */
  async begin(): Promise<void> {
    this.stop();
    this.#before = await state(this.#options);
  }

  /** A stream has begun: looks by time from now on. */
  start(): void {
    this.stop();
    this.#wholeAt = this.#options.confirmed();
    this.#timer = setInterval(() => void this.look(), this.#options.interval ?? INTERVAL);
    this.#timer.unref();
  }

  /** May be called twice, or without a start. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** @param at up to where nothing was left out if it is as it was. Default: what is confirmed now. */
  async look(at = this.#options.confirmed()): Promise<void> {
    const { publication, onAltered } = this.#options;
    const before = this.#before;
    // A database that does not answer is somebody else's news.
    const now = await state(this.#options).catch(() => null);
    if (now === null || before === null || before !== this.#before) return;
    if (now === before) {
      this.#wholeAt = at;
      return;
    }
    if (this.#timer === null) return;
    this.stop();
    onAltered(new WalhookError(`publication ${publication} was altered while it was streamed`, { code: 'publication_altered', reaction: 'retry' }));
  }
}

/** Everything that decides what is sent. Memberships have OIDs, and a new one when their columns or row filters are altered; so have tables that are made anew. */
async function state({ pool, publication, tables }: Pick<PublicationWatchOptions, 'pool' | 'publication' | 'tables'>): Promise<string> {
  const { rows } = await pool.query<{ state: string }>(
    `select json_build_array(oid::bigint, puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot,
       (select json_agg(member.oid::bigint order by member.oid) from pg_catalog.pg_publication_rel as member where prpubid = publication.oid),
       (select json_agg(to_regclass(name)::oid::bigint order by place) from unnest($2::text[]) with ordinality as named (name, place)))::text as state
     from pg_catalog.pg_publication as publication where pubname = $1`,
    [publication, tables.map(qualified)],
  );
  return rows[0]?.state ?? 'gone';
}
