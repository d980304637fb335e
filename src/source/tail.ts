import { Socket, type SocketConstructorOpts } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { ClientConfig } from 'pg';
import { LogicalReplicationService, PgoutputPlugin } from 'pg-logical-replication';
import { WalhookError } from '../errors.ts';
import { formatLsn, type Lsn, parseLsn } from '../lsn.ts';
import { CopyDataReader } from './copy-data.ts';
import { ReadingPace } from './reading-pace.ts';

/** How long the socket rests under load, in milliseconds. */
const REST = 1;
/** How long a closing connection may take to say goodbye, in milliseconds. */
const GOODBYE = 2_000;

/**
 * What a paused socket reads ahead, in bytes. Up to this mark (64 KiB by default) Node goes on reading while the socket
 * rests, and is woken for each row or two.
 */
const HARDLY_ANY: SocketConstructorOpts & { readonly readableHighWaterMark: number } = { readableHighWaterMark: 1 };

export interface TailOptions {
  readonly client: ClientConfig;
  readonly slot: string;
  readonly publication: string;
  /** Make the slot as a temporary one first: Postgres drops it with the connection. */
  readonly temporary?: boolean;
  /** Where to start: everything before it has been received already. Postgres may start later, at the slot's own position. */
  readonly from: Lsn;
  /** Confirmed from the start: what is durable. */
  readonly durable: Lsn;
  /** Asked once the slot is this connection's: nothing is handed over or confirmed before it resolves; if it rejects, the connection ends. */
  readonly verify: () => Promise<void>;
  /** How often to report to the walsender, in milliseconds: well below its `wal_sender_timeout`. */
  readonly statusInterval: number;
  /** Silence after which a connection counts as dead, in milliseconds. */
  readonly deadAfter: number;
  /** Takes each pgoutput message; a view, valid only until it returns. If it returns a promise, the next waits for it. */
  readonly onMessage: (bytes: Buffer) => Promise<void> | void;
  /** All that was committed before `lsn` has been sent. */
  readonly onKeepalive: (lsn: Lsn) => void;
  readonly onStart: () => void;
}

/** What the library keeps to itself and we need: the socket, to pause it. */
interface ReplicationClient {
  readonly connection: { readonly stream: Socket };
  on(event: 'notice', listener: (notice: Notice) => void): unknown;
}

/** https://www.postgresql.org/docs/current/protocol-error-fields.html */
interface Notice {
  readonly code?: string | undefined;
  readonly routine?: string | undefined;
}

/**
 * One connection to the walsender, from START_REPLICATION to its end. A new connection is a new Tail: the library
 * would resume from the last *received* LSN, which may not be durable.
 */
export class Tail {
  readonly #options: TailOptions;
  readonly #service: LogicalReplicationService;
  readonly #pace = new ReadingPace();
  #socket: Socket | null = null;
  /** Settles, and never fails, once `verify` has ended; null when it is not under way. */
  #verifying: Promise<void> | null = null;
  #durable: Lsn;
  #heard = 0;
  #status: NodeJS.Timeout | null = null;
  #resting: NodeJS.Timeout | null = null;
  /** Messages that came while the handler of an earlier one was still busy; null if none is. */
  #held: Buffer[] | null = null;
  #paused = false;
  #halted = false;
  #stopped = false;
  #failure: Error | null = null;

  constructor(options: TailOptions) {
    this.#options = options;
    this.#durable = options.durable;
    this.#service = new LogicalReplicationService({ ...options.client, stream: () => new Socket(HARDLY_ANY) }, {
      // The library's timer would confirm what was merely received: it stays off, ours reports what is durable.
      acknowledge: { auto: false, timeoutSeconds: 0 },
    });
  }

  /** Streams until `stop` (resolves) or until the connection or a handler fails (rejects). */
  async run(): Promise<void> {
    const { slot, from } = this.#options;
    const plugin = new MessagePlugin(this.#options, {
      connected: (client) => this.#connected(client as unknown as ReplicationClient),
    });
    this.#service.on('heartbeat', (lsn, _time, wantsReply) => this.#keepalive(parseLsn(lsn), wantsReply));
    this.#service.on('start', () => this.#started());
    // Errors reach us through the promise of `subscribe` as well; an `error` event without a listener would throw.
    this.#service.on('error', (error) => this.#fail(error));
    try {
      await this.#service.subscribe(plugin, slot, formatLsn(from));
    } catch (error) {
      this.#fail(error);
    } finally {
      await this.#close();
    }
    if (this.#failure !== null) throw this.#failure;
  }

  /** Stops reading from the socket; status reports go on. */
  pause(): void {
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    if (this.#halted) return;
    this.#paused = false;
    // Nobody listened meanwhile, so that the silence says nothing.
    this.#heard = performance.now();
    this.#flow();
  }

  /** Hands over nothing more, for good, not even what has been read already; status reports go on. */
  halt(): void {
    this.#halted = true;
    this.pause();
  }

  /** Tells Postgres that all before `lsn` is durable and its WAL may go. Never goes backwards. */
  confirm(lsn: Lsn): void {
    if (lsn <= this.#durable) return;
    this.#durable = lsn;
    this.#report(false);
  }

  /** Ends the connection as if it had failed: `run` rejects with the reason. */
  interrupt(reason: Error): void {
    this.#fail(reason);
  }

  /** Confirms what is durable and ends the connection. May be called twice, or before `run`. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#report(false);
    this.#stopped = true;
    await this.#close();
  }

  #connected(client: ReplicationClient): void {
    const socket = client.connection.stream;
    this.#socket = socket;
    this.#divert(socket);
    // Since 18, Postgres leaves out the changes of a publication that is gone, and only warns of it.
    client.on('notice', ({ code, routine }) => {
      if (code !== '55000' || routine !== 'LoadPublications') return;
      const failure = publicationGone(this.#options.publication);
      // What `verify` is about to find says more. Else at once: a keepalive in the same read would claim what is left out.
      if (this.#verifying === null) this.#fail(failure);
      else void this.#verifying.then(() => this.#fail(failure));
    });
  }

  /**
   * Between the socket and pg's parser: what carries WAL goes its own, shorter way. Nothing is half read at this point,
   * because the connection waits for its first command.
   */
  #divert(socket: Socket): void {
    const parsers = socket.listeners('data') as ((chunk: Buffer) => void)[];
    const reader = new CopyDataReader({
      data: (payload) => this.#take(payload),
      rest: (message) => {
        for (const parse of parsers) parse(message);
      },
    });
    socket.on('data', (chunk: Buffer) => {
      const came = performance.now();
      try {
        reader.read(chunk);
      } catch (error) {
        this.#fail(error);
      }
      this.#read(chunk.length, came);
    });
    for (const parse of parsers) socket.off('data', parse);
  }

  #started(): void {
    this.#heard = performance.now();
    const verified = this.#options.verify().then(() => {
      if (this.#failure !== null || this.#stopped) return;
      this.#status = setInterval(() => this.#checkAndReport(), this.#options.statusInterval);
      this.#report(false);
      this.#options.onStart();
    });
    const over = (): void => {
      this.#verifying = null;
    };
    this.#hold(verified);
    this.#verifying = verified.then(over, over);
  }

  /** @param came when the bytes came, which have been handled by now */
  #read(bytes: number, came: number): void {
    const now = performance.now();
    this.#heard = now;
    if (!this.#pace.read(bytes, came, now) || this.#resting !== null) return;
    this.#socket?.pause();
    this.#resting = setTimeout(() => {
      this.#resting = null;
      this.#pace.rested(this.#socket?.readableLength ?? 0, performance.now());
      this.#flow();
    }, REST);
  }

  #flow(): void {
    if (this.#paused || this.#resting !== null || this.#held !== null) return;
    this.#socket?.resume();
  }

  #take(bytes: Buffer): void {
    if (this.#halted || this.#stopped || this.#failure !== null) return;
    if (this.#held !== null) {
      // A view of the parser's buffer, which is written over by the next read.
      this.#held.push(Buffer.from(bytes));
      return;
    }
    try {
      const busy = this.#options.onMessage(bytes);
      if (busy) this.#hold(busy);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Keeps what else the current read brings until the handler is ready for it. */
  #hold(busy: Promise<void>): void {
    this.#held = [];
    this.#socket?.pause();
    busy.then(
      () => {
        const held = this.#held ?? [];
        this.#held = null;
        for (const bytes of held) this.#take(bytes);
        this.#flow();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #keepalive(lsn: Lsn, wantsReply: boolean): void {
    // While messages are held back, the keepalive has overtaken them; after a failure, they were not handled at all.
    const isNext = this.#held === null && this.#failure === null;
    if (isNext && !this.#halted && !this.#stopped) this.#options.onKeepalive(lsn);
    if (wantsReply) this.#report(false);
  }

  #checkAndReport(): void {
    const silence = performance.now() - this.#heard;
    if (!this.#socket?.isPaused() && silence > this.#options.deadAfter) {
      this.#fail(
        new WalhookError(`the walsender has been silent for ${Math.round(silence / 1000)} s: the connection is dead`, {
          code: 'connection_dead',
          reaction: 'retry',
        }),
      );
      return;
    }
    // Asking for an answer keeps an idle but living connection from looking dead.
    this.#report(silence > this.#options.deadAfter / 3);
  }

  #report(wantsReply: boolean): void {
    // Before the slot is verified, or where nothing is durable yet.
    if (this.#status === null || this.#durable === 0n) return;
    // The library puts lsn + 1 on the wire. One too many would skip a transaction whose commit record starts exactly
    // where the confirmed one's ends.
    void this.#service.acknowledge(formatLsn(this.#durable - 1n), wantsReply);
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
    void this.#close();
  }

  async #close(): Promise<void> {
    if (this.#status !== null) clearInterval(this.#status);
    if (this.#resting !== null) clearTimeout(this.#resting);
    this.#status = null;
    this.#resting = null;
    // A paused socket would never see the end of the connection.
    this.#socket?.resume();
    const socket = this.#socket;
    const giveUp = setTimeout(() => socket?.destroy(), GOODBYE);
    await this.#service.stop().catch(() => undefined);
    clearTimeout(giveUp);
  }
}

/** To be tried again: on the next connection `verify` tells whether, and from where, changes are missing. */
function publicationGone(publication: string): WalhookError {
  return new WalhookError(`publication ${publication} is gone: changes are left out of the stream`, { code: 'publication_gone', reaction: 'retry' });
}

interface MessageHandlers {
  readonly connected: (client: object) => void;
}

/** Passes messages on as bytes, undecoded, and quotes names, which the library's own plugin does not. */
class MessagePlugin extends PgoutputPlugin {
  readonly #publication: string;
  readonly #temporary: boolean;
  readonly #handlers: MessageHandlers;

  constructor({ publication, temporary = false }: Pick<TailOptions, 'publication' | 'temporary'>, handlers: MessageHandlers) {
    super({ protoVersion: 1, publicationNames: [publication], messages: true });
    this.#publication = publication;
    this.#temporary = temporary;
    this.#handlers = handlers;
  }

  override async start(client: Parameters<PgoutputPlugin['start']>[0], slot: string, from: string): Promise<unknown> {
    this.#handlers.connected(client);
    if (this.#temporary) await client.query(`CREATE_REPLICATION_SLOT "${slot}" TEMPORARY LOGICAL pgoutput`);
    // The option's value is a list of identifiers within a string literal.
    const publications = `"${this.#publication.replaceAll('"', '""')}"`.replaceAll("'", "''");
    return client.query(
      `START_REPLICATION SLOT "${slot}" LOGICAL ${from} (proto_version '1', publication_names '${publications}', messages 'true')`,
    );
  }
}
