import { afterAll } from 'vitest';
import { DaemonProcess } from '../../support/daemon-process.ts';
import { createDatabase, type TestDatabase } from '../../support/postgres.ts';
import { type AnswerFunction, Receiver } from '../../support/receiver.ts';
import { SECRET } from '../../support/secret.ts';
import { HOSTILE } from './fixture-data.ts';

/** A daemon as people run it, on a database of its own, with the console at its URL. `crm` refuses rows whose name is `refused`. */
export interface ConsoleDaemon {
  readonly url: string;
  readonly db: TestDatabase;
  readonly receiver: Receiver;
  /** That of now, after a `restart`. */
  readonly process: DaemonProcess;
  /** Its configuration, as plain data. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Starts it anew after it has ended, with the same configuration. */
  readonly restart: () => Promise<void>;
  /** What the API answers. @param path below `/api/v1` */
  readonly get: <T>(path: string) => Promise<T>;
}

export interface ConsoleDaemonOptions {
  /** Properties of the configuration file instead of the usual ones. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** More properties of the endpoint `crm`. */
  readonly crm?: Readonly<Record<string, unknown>>;
  /** Default: 422 for what has `refused` in it, else 204. */
  readonly answer?: AnswerFunction;
}

const refuseSome: AnswerFunction = ({ body }) => (body.toString().includes('refused') ? { status: 422, body: `{"error":${JSON.stringify(HOSTILE)}}` } : 204);

/** For all tests of a file. Ended after them. */
export async function startConsoleDaemon({ config: given = {}, crm = {}, answer = refuseSome }: ConsoleDaemonOptions = {}): Promise<ConsoleDaemon> {
  const db = await createDatabase();
  const receiver = await Receiver.open({ secret: SECRET, answer });
  await db.sql('create table profiles (user_id int primary key, name text, country text, notes text); alter table profiles replica identity full');
  const config = {
    source: { url: db.url, slot: db.name },
    endpoints: {
      crm: { url: `${receiver.url}/crm`, signing: { secrets: [SECRET] }, network: { allow: ['127.0.0.0/8'] }, retry: { attempts: 1 }, ...crm },
      search: { url: `${receiver.url}/search`, signing: { secrets: [SECRET] }, network: { allow: ['127.0.0.0/8'] } },
    },
    hooks: [
      { name: 'crm-profiles', table: 'profiles', to: 'crm' },
      { name: 'search-nl', table: 'profiles', to: 'search', when: "row.country == 'NL'" },
    ],
    ...given,
  };
  let process = new DaemonProcess({ config });
  afterAll(async () => {
    await receiver.close();
    await process.kill();
    await db.drop();
  });
  const listening = async (): Promise<string> => {
    await process.streaming();
    const { msg } = await process.says(/health and status are on/);
    return /http:\/\/\S+/.exec(msg)?.[0] ?? '';
  };
  const url = await listening();
  return {
    url,
    db,
    receiver,
    config,
    get process() {
      return process;
    },
    restart: async () => {
      process = new DaemonProcess({ config });
      await listening();
    },
    get: async <T>(path: string) => (await (await fetch(`${url}/api/v1${path}`)).json()) as T,
  };
}
