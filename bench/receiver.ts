/**
 * A receiver that is not the bottleneck: reads requests off the socket with the least parsing there can be (the end of
 * the headers, Content-Length) and answers 204. Run as a process of its own: tells its port, then, each time it is asked,
 * how many requests it has had. Told `down` it answers 500 until it is told `up`.
 */
import { createServer, type Socket } from 'node:net';

const ANSWER = Buffer.from('HTTP/1.1 204 No Content\r\n\r\n', 'latin1');
const DOWN = Buffer.from('HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n', 'latin1');
const LENGTH = 'content-length: ';

let requests = 0;
let answer = ANSWER;

function serve(socket: Socket): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) break;
      const at = bytes.indexOf(LENGTH);
      const length = at < 0 || at > end ? 0 : Number.parseInt(bytes.latin1Slice(at + LENGTH.length, at + LENGTH.length + 10), 10);
      if (bytes.length < end + 4 + length) break;
      bytes = bytes.subarray(end + 4 + length);
      requests++;
      socket.write(answer);
    }
    rest = bytes;
  });
}

const server = createServer(serve).listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(address !== null && typeof address === 'object' ? address.port : 0);
});
process.on('message', (message) => {
  if (message === 'down') answer = DOWN;
  else if (message === 'up') answer = ANSWER;
  else process.send?.(requests);
});
process.on('disconnect', () => process.exit());
