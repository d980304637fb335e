import { afterAll } from 'vitest';
import { DaemonProcess } from '../../support/daemon-process.ts';
import { createDatabase, type TestDatabase } from '../../support/postgres.ts';
import { Receiver } from '../../support/receiver.ts';
import { SECRET } from '../../support/secret.ts';
import { HOSTILE } from './fixture-data.ts';

/** A daemon as people run it, on a database of its own, with the console at its URL. `crm` refuses rows whose name is `refused`. */
export interface ConsoleDaemon {
  readonly url: string;
  readonly db: TestDatabase;
  readonly receiver: Receiver;
  readonly process: DaemonProcess;
  /** Its configuration, as plain data. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** For all tests of a file. Ended after them. */
export async function startConsoleDaemon(): Promise<ConsoleDaemon> {
  const db = await createDatabase();
  const receiver = await Receiver.open({ secret: SECRET, answer: ({ body }) => (body.toString().includes('refused') ? { status: 422, body: `{"error":${JSON.stringify(HOSTILE)}}` } : 204) });
  await db.sql('create table profiles (user_id int primary key, name text, country text, notes text); alter table profiles replica identity full');
  const config = {
    source: { url: db.url, slot: db.name },
    endpoints: {
      crm: { url: `${receiver.url}/crm`, signing: { secrets: [SECRET] }, network: { allow: ['127.0.0.0/8'] }, retry: { attempts: 1 } },
      search: { url: `${receiver.url}/search`, signing: { secrets: [SECRET] }, network: { allow: ['127.0.0.0/8'] } },
    },
    hooks: [
      { name: 'crm-profiles', table: 'profiles', to: 'crm' },
      { name: 'search-nl', table: 'profiles', to: 'search', when: "row.country == 'NL'" },
    ],
  };
  const process = new DaemonProcess({ config });
  afterAll(async () => {
    await receiver.close();
    await process.kill();
    await db.drop();
  });
  await process.streaming();
  const { msg } = await process.says(/health and status are on/);
  const [url = ''] = /http:\/\/\S+/.exec(msg) ?? [];
  return { url, db, receiver, process, config };
}
