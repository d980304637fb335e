import { openSync, writeSync } from 'node:fs';
import pg from 'pg';
import { Writer } from '../../support/writer.ts';
import { answerParent, now, stayAlive } from './child.ts';
import type { WriterAsk, WriterLine } from './writer-process.ts';

/*
 * The writer, a process of its own. Appends to a file what was committed, once COMMIT has returned, and what was
 * rolled back. Arguments: file, database URL, seed, longest pause in milliseconds.
 */

const [file = '', url = '', seed = '0', pause = '40'] = process.argv.slice(2);
/** How often the parent is told how far it is, in milliseconds. */
const TELL = 10;

const out = openSync(file, 'a');
let arrived = 0;

async function client(): Promise<pg.Client> {
  const opened = new pg.Client({ connectionString: url });
  opened.on('error', () => undefined); // a query tells of it itself
  await opened.connect();
  return opened;
}

const writer = new Writer({
  database: { client },
  seed: Number(seed),
  pause: Number(pause),
  arrived: () => arrived,
  onNote: ({ committed, rolledBack }) => {
    const line: WriterLine = { t: now(), c: committed.map(({ row, name }) => [row, name]), r: rolledBack };
    writeSync(out, `${JSON.stringify(line)}\n`);
  },
});

let told = -1;
setInterval(() => {
  if (writer.count === told) return;
  told = writer.count;
  process.send?.({ count: told });
}, TELL);

answerParent(async (asked) => {
  const message = asked as WriterAsk;
  switch (message.kind) {
    case 'start':
      writer.start();
      return null;
    case 'stop':
      await writer.stop();
      return writer.count;
    case 'bulk':
      await writer.bulk(message.changes);
      return writer.count;
    case 'arrived':
      arrived = message.count;
      return null;
  }
});
stayAlive();
