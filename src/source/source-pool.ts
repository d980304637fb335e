import { Socket } from 'node:net';
import pg from 'pg';

/**
 * A pool of connections for queries beside the stream, which can be given up all at once: what made the stream's
 * connection half-open has done the same to those that lay idle, and a query on one of them would wait for its timeout.
 */
export class SourcePool extends pg.Pool {
  readonly #sockets: Set<Socket>;

  constructor(config: pg.PoolConfig) {
    const sockets = new Set<Socket>();
    const stream = (): Socket => {
      const socket = new Socket();
      sockets.add(socket);
      return socket.once('close', () => sockets.delete(socket));
    };
    super({ ...config, stream });
    this.#sockets = sockets;
    this.on('error', () => undefined); // an idle connection that breaks is replaced by the next query
    // While it is lent, nobody else listens to it, and an error without a listener would end the process.
    this.on('connect', (client) => client.on('error', () => undefined));
  }

  /** Ends every connection on our side, without a goodbye. Queries under way fail as those of a lost connection do; the next one connects anew. */
  giveUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
