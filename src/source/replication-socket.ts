import { Socket, type SocketConstructorOpts } from 'node:net';
import type { ClientConfig } from 'pg';

/**
 * What a paused socket reads ahead, in bytes. Up to this mark, 64 KiB by default, Node goes on reading while it is paused, and
 * is woken for each row or two.
 */
const READ_AHEAD = 1;

/** The same connection with a socket that reads nothing to speak of while it is paused, so that a rest is one. */
export function restful(client: ClientConfig): ClientConfig {
  const own: SocketConstructorOpts & { readonly readableHighWaterMark: number } = { readableHighWaterMark: READ_AHEAD };
  // A TLS socket stands in front of the other, with a mark of its own.
  const tls = typeof client.ssl === 'object' ? { ssl: { ...client.ssl, highWaterMark: READ_AHEAD } } : {};
  return { ...client, ...tls, stream: () => new Socket(own) };
}
