import { performance } from 'node:perf_hooks';
import { type Lsn, parseLsn } from '../lsn.ts';
import type { Notice } from '../notice.ts';
import type { Queryable } from './inspect.ts';
import { forecast, WINDOW, type WalSample, walWarning } from './wal-forecast.ts';

/** How often to look, in milliseconds. */
const INTERVAL = 10_000;

/** What is known of the slot's WAL, for `/api/v1/status` and `walhook status`. */
export interface WalReport {
  /** pg_replication_slots.wal_status. */
  readonly wal_status: string | null;
  /** WAL that the server keeps for the slot; null if it is lost. */
  readonly retained_bytes: number | null;
  /** WAL that may still be written before the slot may be lost; null: no limit, or lost. */
  readonly safe_bytes: number | null;
  /** WAL that the server writes; null in the first seconds. */
  readonly bytes_per_second: number | null;
  /** Seconds until the slot may be lost, as things go; null: they do not get worse, or it is not known. */
  readonly seconds_left: number | null;
}

export interface WalHealthOptions {
  readonly pool: Queryable;
  readonly slot: string;
  /** `notify.wal`: told when WAL runs out sooner than this, in milliseconds. */
  readonly within: number;
  /** Told once when WAL begins to run out, again when its wal_status gets worse, and once when there is enough again. */
  readonly onNotice: (notice: Notice, reason: string) => void;
  /** Told of each look. */
  readonly onSample?: (report: WalReport) => void;
  /** Milliseconds between two looks. Default 10,000. */
  readonly interval?: number;
}

/** Looks after the WAL that the server keeps for the slot, so that somebody can act well before it runs out. */
export class WalHealth {
  readonly #options: WalHealthOptions;
  readonly #samples: WalSample[] = [];
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #latest: WalReport | null = null;
  /** The wal_status of the last warning; null if there is nothing to warn of. */
  #warned: { readonly walStatus: string | null } | null = null;

  constructor(options: WalHealthOptions) {
    this.#options = options;
  }

  /** As it was at the last look; null before the first, and while there is no such slot. */
  get latest(): WalReport | null {
    return this.#latest;
  }

  /** Looks at once, and then by time. */
  start(): void {
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => void this.look(), this.#options.interval ?? INTERVAL);
    this.#timer.unref();
    void this.look();
  }

  /** May be called twice, or without a start. Resolves when no query is under way any more. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#looking;
  }

  /** One look. A database that does not answer is somebody else's news: the next look tries again. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch(() => undefined)
      .finally(() => {
        this.#looking = null;
      });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { pool, slot, onSample } = this.#options;
    const sample = await sampleWal(pool, slot);
    if (sample === null) {
      this.#latest = null;
      return;
    }
    this.#samples.push(sample);
    while (this.#samples.length > 2 && sample.at - (this.#samples[0]?.at ?? 0) > WINDOW) this.#samples.shift();
    const { bytesPerSecond, secondsLeft } = forecast(this.#samples);
    this.#latest = {
      wal_status: sample.walStatus,
      retained_bytes: sample.retainedBytes,
      safe_bytes: sample.safeBytes,
      bytes_per_second: bytesPerSecond === null ? null : Math.round(bytesPerSecond),
      seconds_left: secondsLeft === null ? null : Math.round(secondsLeft),
    };
    onSample?.(this.#latest);
    this.#tell(sample, { bytesPerSecond, secondsLeft });
  }

  #tell(sample: WalSample, ahead: ReturnType<typeof forecast>): void {
    const { slot, within, onNotice } = this.#options;
    const reason = walWarning(sample, ahead, { within, warned: this.#warned !== null });
    if (reason === null) {
      if (this.#warned !== null) onNotice({ type: 'wal.enough', slot }, 'there is room for WAL again');
      this.#warned = null;
      return;
    }
    if (this.#warned !== null && this.#warned.walStatus === sample.walStatus) return;
    this.#warned = { walStatus: sample.walStatus };
    onNotice(
      {
        type: 'wal.running_out',
        slot,
        wal_status: sample.walStatus ?? 'unknown',
        safe_bytes: sample.safeBytes,
        seconds_left: this.#latest?.seconds_left ?? null,
      },
      reason,
    );
  }
}

interface SampleRow {
  readonly wal_status: string | null;
  readonly safe: string | null;
  readonly retained: string | null;
  readonly keep: string | null;
  readonly written: string;
}

/**
 * Null if there is no such slot.
 * https://www.postgresql.org/docs/current/view-pg-replication-slots.html
 */
export async function sampleWal(client: Queryable, slot: string): Promise<WalSample | null> {
  const { rows } = await client.query<SampleRow>(
    `select wal_status, safe_wal_size::text as safe, written::text,
            pg_wal_lsn_diff(written, restart_lsn)::text as retained,
            (select case when setting::bigint >= 0 then setting::bigint * 1024 * 1024 end
               from pg_catalog.pg_settings where name = 'max_slot_wal_keep_size')::text as keep
       from pg_catalog.pg_replication_slots,
            (select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end as written) as wal
      where slot_name = $1`,
    [slot],
  );
  const [row] = rows;
  if (row === undefined) return null;
  const written: Lsn = parseLsn(row.written);
  return {
    at: performance.now(),
    walStatus: row.wal_status,
    safeBytes: bytes(row.safe),
    retainedBytes: bytes(row.retained),
    limitBytes: bytes(row.keep),
    written,
  };
}

function bytes(text: string | null): number | null {
  return text === null ? null : Number(text);
}
