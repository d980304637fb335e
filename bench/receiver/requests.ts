import type { Socket } from 'node:net';

const END_OF_HEADERS = Buffer.from('\r\n\r\n', 'latin1');
const LENGTH = Buffer.from('content-length: ', 'latin1');
const NOTHING = Buffer.alloc(0);

/** Takes a request; its body is `bytes` from `from` to `to`, valid until it returns. */
export type OnRequest = (socket: Socket, bytes: Buffer, from: number, to: number) => void;

/**
 * Reads requests off a socket with the least parsing that there can be: the end of the headers and Content-Length, as
 * undici and walhook write it.
 */
export function readRequests(socket: Socket, onRequest: OnRequest): void {
  let rest: Buffer = NOTHING;
  socket.on('data', (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (at < bytes.length) {
      const end = bytes.indexOf(END_OF_HEADERS, at);
      if (end < 0) break;
      const field = bytes.indexOf(LENGTH, at);
      const from = end + END_OF_HEADERS.length;
      const to = from + (field < 0 || field > end ? 0 : decimal(bytes, field + LENGTH.length));
      if (to > bytes.length) break;
      onRequest(socket, bytes, from, to);
      at = to;
    }
    rest = at === bytes.length ? NOTHING : bytes.subarray(at);
  });
}

function decimal(bytes: Buffer, from: number): number {
  let value = 0;
  for (let at = from; ; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return value;
    value = value * 10 + digit;
  }
}
