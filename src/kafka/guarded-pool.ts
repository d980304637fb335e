import { type Broker, type Connection, type ConnectionPool, NetworkError } from '@platformatic/kafka';
import type { BrokerGuard } from '../deliver/port.ts';
import { tellsServerName } from './server-name.ts';

/**
 * Has a client's connections made to allowed addresses alone: to the brokers of the configuration, and to those that the cluster
 * names itself, by address or by name. All of its connections are had of `pool.get`, which is what is put in front of here.
 *
 * In plain text a name is resolved once and the client gets the address, so that the name cannot be another one a moment later. With
 * TLS it connects by the name, which the certificate is for, through `guard.lookup` (see guardedTls).
 */
export function guardConnections(pool: ConnectionPool, guard: BrokerGuard): void {
  const get = pool.get.bind(pool);
  /** The address that a broker was connected by. */
  const ways = new Map<string, Broker>();

  const allowed = async (broker: Broker): Promise<Connection> => {
    const name = `${broker.host}:${broker.port}`;
    const known = ways.get(name);
    if (known !== undefined && pool.has(known)) return await get(known);
    ways.delete(name);
    const addresses = await guard.addresses(broker.host);
    let failure: unknown = new Error('no address');
    for (const way of guard.tls === null ? addresses.map((host) => ({ host, port: broker.port })) : [broker]) {
      try {
        const connection = await get(way);
        ways.set(name, way);
        return connection;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  };

  const guarded = async (broker: Broker | undefined, callback: (error: Error | null, connection?: Connection) => void): Promise<void> => {
    let connection: Connection;
    try {
      // None: a leader that the cluster has just lost.
      if (broker === undefined) throw new NetworkError('the broker is not known', { canRetry: true, hasStaleMetadata: true });
      connection = await allowed(broker);
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    callback(null, connection);
  };
  const replacement = (broker: Broker | undefined, callback: (error: Error | null, connection?: Connection) => void): void => void guarded(broker, callback);
  // Nobody asks for a promise but `allowed`, which asks the one that was there.
  pool.get = replacement as ConnectionPool['get'];
}

/** Options of a client: names are looked up under the guard, and told in the handshake. */
export function guardedTls({ tls, lookup }: BrokerGuard, brokers: readonly string[]) {
  if (tls === null) return {};
  return { tls: { secureContext: tls, rejectUnauthorized: true, lookup }, tlsServerName: tellsServerName(brokers) };
}
