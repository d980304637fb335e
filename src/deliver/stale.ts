import type { buildConnector } from 'undici';

/**
 * Wraps a connector so that `stale` gets the errors of connections that were closed or reset by the other side after they
 * had already carried a response. If no byte of a response to the request at hand has come, such an error only says that a
 * kept-alive connection was closed as the request was written to it, which HTTP/1.1 cannot avoid (RFC 9112, 9.3.1).
 */
export function markStale(connect: buildConnector.connector, stale: WeakSet<Error>): buildConnector.connector {
  return (target, callback) => {
    connect(target, (...[error, socket]) => {
      if (error !== null) {
        callback(error, null);
        return;
      }
      // Before undici's own listener, so that the error is marked when the request learns of it.
      const before = socket.bytesRead;
      socket.on('error', (failure: NodeJS.ErrnoException) => {
        if (socket.bytesRead > before && CLOSED.has(failure.code ?? '')) stale.add(failure);
      });
      callback(null, socket);
    });
  };
}

/** UND_ERR_SOCKET: undici's for a connection that ended in order (FIN). */
const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);
