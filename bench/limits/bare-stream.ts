/**
 * A reader of the stream that throws it away undecoded, as a process of its own: part of L1. It takes pg's socket over, so
 * that nothing but CopyData stands between it and the kernel.
 */
import type { Socket } from 'node:net';
import pg from 'pg';
import { restful } from '../../src/source/replication-socket.ts';
import { Resting } from '../../src/source/resting.ts';
import { perform } from '../process/task.ts';
import { warmUp } from '../warm-up.ts';
import { CopyData, insertedText } from './copy-data.ts';

export interface BareStreamInput {
  readonly url: string;
  readonly slot: string;
  /** A second slot at the same position: to warm up. Null: do not. */
  readonly warmUpSlot: string | null;
  readonly publication: string;
  readonly rows: number;
  /** Rest between small reads, as walhook does; else read whatever there is at once. */
  readonly rests: boolean;
  /** The column that says when a row was written, in Unix milliseconds; null: nobody wants to know. */
  readonly stampColumn: number | null;
}

export interface BareStreamAnswer {
  /** From the first row to the last. */
  readonly rowsPerSecond: number;
  /** Of each row, how long it took from its stamp until it was here, in milliseconds. */
  readonly latencies: readonly number[];
}

perform<BareStreamInput, BareStreamAnswer>(async (input, ready) => {
  const { warmUpSlot, rows } = input;
  if (warmUpSlot !== null) await read({ ...input, slot: warmUpSlot, rows: warmUp(rows) }, ready);
  return read(input, ready);
});

async function read({ url, slot, publication, rows, rests, stampColumn }: BareStreamInput, ready: () => void): Promise<BareStreamAnswer> {
  // pg passes `replication` on; its types do not know it.
  const client = new pg.Client({ ...(rests ? restful({}) : {}), connectionString: url, replication: 'database' } as pg.ClientConfig);
  client.on('error', () => undefined); // the end of the socket, which is ours
  await client.connect();
  const { connection } = client as unknown as { connection: { stream: Socket; query(sql: string): void } };
  const socket = connection.stream;
  const all = Promise.withResolvers<number>();
  const latencies: number[] = [];
  let began = 0;
  let seen = 0;
  const data = new CopyData((bytes, at) => {
    if (seen === 0) began = performance.now();
    if (stampColumn !== null) latencies.push(performance.timeOrigin + performance.now() - Number(insertedText(bytes, at, stampColumn)));
    if (++seen === rows) all.resolve(performance.now() - began);
  });
  const resting = new Resting(
    () => socket.pause(),
    () => socket.resume(),
  );
  socket.removeAllListeners('data');
  socket.on('data', (chunk: Buffer) => {
    const came = performance.now();
    try {
      data.take(chunk);
    } catch (error) {
      all.reject(error);
    }
    if (rests) resting.read(chunk.length, came);
  });
  connection.query(`START_REPLICATION SLOT "${slot}" LOGICAL 0/0 (proto_version '1', publication_names '${publication}')`);
  ready();
  const ms = await all.promise;
  resting.stop();
  socket.destroy();
  return { rowsPerSecond: (rows * 1000) / ms, latencies };
}
