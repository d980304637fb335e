import { type API, Base, type Broker, type ClusterMetadata, type Connection, kGetApi, kGetBootstrapConnection, kGetConnection } from '@platformatic/kafka';
import type { KafkaClusterConfig } from '../config.ts';
import { secureContextOf } from '../pem-files.ts';
import type { Answer, Args, Requests } from './requests.ts';
import { saslOptions } from './sasl.ts';
import { tellsServerName } from './server-name.ts';

export interface ClientOptions {
  /** The name by which people know the process at the broker. */
  readonly clientId: string;
  /** Milliseconds after which a request that has no answer fails, and its connection with it. */
  readonly requestTimeout: number;
}

/** Milliseconds to connect, TLS and SASL included. */
const CONNECT_TIMEOUT = 5_000;

/**
 * Connections to a cluster, and single requests over them. The library's Base knows brokers, connections and which version of a
 * request both sides speak; its Consumer and Producer are not used: they retry by themselves and re-order, and hide
 * when a heartbeat was sent.
 */
export class KafkaClient {
  readonly #base: Base;
  readonly #brokers: number;

  /** The files of `tls` are read now. @throws WalhookError `kafka_tls` for one that cannot be used */
  constructor(cluster: KafkaClusterConfig, { clientId, requestTimeout }: ClientOptions) {
    this.#brokers = cluster.brokers.length;
    this.#base = new Base({
      clientId,
      bootstrapBrokers: [...cluster.brokers],
      connectTimeout: CONNECT_TIMEOUT,
      requestTimeout,
      retries: 0,
      retryDelay: 50,
      ...tlsOptions(cluster),
      ...saslOptions(cluster.sasl),
    });
    // Its pool listens to a connection's first error alone; a second (a reset after a refusal) would end the process.
    this.#base.connections.on('connecting', ({ connection }) => void connection.on('error', () => {}));
  }

  /**
   * @param fresh asked of the cluster, whatever is known
   * @throws the library's error, for `kafkaFailure`
   */
  metadata(topics: readonly string[], fresh: boolean): Promise<ClusterMetadata> {
    // Each retry asks another broker: one that hangs must not stand for the cluster.
    return this.#base.metadata({ topics: [...topics], forceUpdate: fresh, retries: Math.min(this.#brokers, 4) - 1 });
  }

  /** The request in the highest version that both sides know. */
  api<Name extends keyof Requests>(name: Name): Promise<API<Args<Name>, Answer<Name>>> {
    return new Promise((resolve, reject) => {
      this.#base[kGetApi]<Args<Name>, Answer<Name>>(name, (error, api) => (api === undefined ? reject(error ?? new Error(`no ${name}`)) : resolve(api)));
    });
  }

  /** @param broker null: whichever can be had */
  connection(broker: Broker | null): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const done = (error: Error | null, connection?: Connection): void => (connection === undefined ? reject(error ?? new Error('no connection')) : resolve(connection));
      if (broker === null) this.#base[kGetBootstrapConnection](done);
      else this.#base[kGetConnection](broker, done);
    });
  }

  /** Sends one request and gives its answer; an answer that has an error in it is thrown, with the answer as `response`. */
  async request<Name extends keyof Requests>(name: Name, broker: Broker | null, args: Args<Name>): Promise<Answer<Name>> {
    const connection = await this.connection(broker);
    const api = await this.api(name);
    return await api.async(connection, ...args);
  }

  /** Drops its connections: requests that have no answer yet fail. New ones are made as they are needed. */
  drop(): void {
    for (const [, connection] of this.#base.connections) connection.socket?.destroy();
  }

  /** Requests that have no answer yet fail. */
  close(): void {
    const sockets = [...this.#base.connections].map(([, connection]) => connection.socket);
    this.#base.close(() => {});
    // The library waits until all is written, which a broker that hangs may never let happen.
    for (const socket of sockets) socket?.destroy();
  }
}

function tlsOptions({ tls, brokers }: KafkaClusterConfig) {
  if (tls === null) return {};
  const secureContext = secureContextOf(tls, { setting: 'kafka.tls', code: 'kafka_tls' });
  return { tls: { secureContext, rejectUnauthorized: true }, tlsServerName: tellsServerName(brokers) };
}
