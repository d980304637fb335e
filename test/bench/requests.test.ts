import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { readRequests } from '../../bench/receiver/requests.ts';

const REQUESTS = Buffer.from(
  ['{"a":1}', '', '{"long":"'.padEnd(300, 'x')].map((body) => `POST /hooks HTTP/1.1\r\nhost: here\r\ncontent-length: ${body.length}\r\n\r\n${body}`).join('') + 'GET / HTTP/1.1\r\nhost: here\r\n\r\n',
);

test.for([1, 2, 10, 57, 100, 10_000])('requests are told apart, however they are cut: in pieces of %d bytes', (size) => {
  const socket = new EventEmitter() as Socket;
  const bodies: string[] = [];
  readRequests(socket, (_socket, bytes, from, to) => bodies.push(bytes.toString('utf8', from, to)));
  for (let at = 0; at < REQUESTS.length; at += size) socket.emit('data', Buffer.from(REQUESTS.subarray(at, at + size)));
  expect(bodies).toEqual(['{"a":1}', '', '{"long":"'.padEnd(300, 'x'), '']);
});
