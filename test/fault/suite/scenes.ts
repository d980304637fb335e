import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { now } from './child.ts';
import type { StopMode } from '../../support/restartable-postgres.ts';
import { type Ground, IN_FLIGHT } from './ground.ts';
import type { Mood } from './moods.ts';

/** A checkpoint is made this often, in milliseconds. */
const CHECKPOINT = 500;

/** A fault, and what goes with it. */
export interface Scene {
  /** For the table. */
  readonly fault: string;
  /** How the endpoint `crm`, and its neighbour, behave meanwhile. */
  readonly crm: Mood;
  readonly audit?: Mood;
  /** It stops the server, which must be the suite's own. */
  readonly stopsServer?: boolean;
  /** It takes long: once in a while is enough. */
  readonly rare?: boolean;
  /** Waits for its moment, makes the fault and sees the daemon go on. Gives the milliseconds until it streamed again. */
  readonly play: (ground: Ground) => Promise<number>;
}

/** Kills the daemon at a moment, and starts it again. */
function kill(fault: string, crm: Mood, moment: (ground: Ground) => Promise<void>, more: Partial<Scene> = {}): Scene {
  const play = async (ground: Ground): Promise<number> => {
    await moment(ground);
    await ground.kill();
    return ground.relaunch();
  };
  return { fault: `kill -9 ${fault}`, crm, ...more, play };
}

async function afterRequests(ground: Ground): Promise<void> {
  await ground.requests('crm', ground.chance.int(1, 400));
}

async function afterWrites(ground: Ground): Promise<void> {
  await ground.within(ground.writer.more(ground.chance.int(50, 300)), 'the writer');
}

async function asRowsAreParked(ground: Ground): Promise<void> {
  const before = await ground.parked();
  await ground.until(`select count(*) > ${before + ground.chance.int(0, 150)} from walhook.parked`, 'more parked rows');
}

/** One transaction of so many changes; resolves when a part of it has arrived. */
function inLargeTransaction(changes: number) {
  return async (ground: Ground): Promise<void> => {
    await ground.within(ground.writer.bulk(changes), 'a large transaction');
    await ground.delivered('audit', ground.chance.int(1, Math.round(changes / 3)));
  };
}

async function whileDraining(ground: Ground): Promise<void> {
  await ground.turn('down');
  await ground.until('select count(*) > 300 from walhook.parked', '300 parked rows');
  await ground.turn('healthy');
  await ground.delivered('crm', ground.chance.int(30, 250));
}

/** Resolves once the daemon waits for a lock that `locks` takes. The transaction that has it is `lock`'s to end. */
async function blocked(ground: Ground, locks: string): Promise<Client> {
  const lock = await ground.database.client();
  await lock.query('begin');
  await lock.query(locks);
  await ground.until(
    `select count(*) > 0 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and pid <> pg_backend_pid()`,
    'the daemon to wait for a lock',
  );
  return lock;
}

/** What it has sent to the database is done after its death, or is not. */
async function unblock(ground: Ground, lock: Client): Promise<void> {
  if (ground.chance.chance(0.5)) {
    await ground.database.sql(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and application_name is distinct from 'suite'`,
    );
  }
  await lock.query('rollback');
  await lock.end();
}

const WHILE_STORING: Scene = {
  fault: 'kill -9 while a checkpoint is stored',
  crm: 'healthy',
  play: async (ground) => {
    await afterRequests(ground);
    const since = now();
    const lock = await blocked(ground, 'select from walhook.checkpoint for update');
    ground.ended('crash', { blindSince: since });
    await ground.daemon.kill();
    await unblock(ground, lock);
    await ground.sample();
    return ground.relaunch();
  },
};

const WHILE_PARKING: Scene = {
  fault: 'kill -9 while rows cannot be parked',
  crm: 'down',
  play: async (ground) => {
    await ground.until('select count(*) > 0 from walhook.parked', 'a parked row');
    const since = now();
    const lock = await blocked(ground, 'lock table walhook.parked in share mode');
    await ground.within(ground.writer.more(100), 'the writer');
    // Nothing must happen now, which no signal tells: a checkpoint would be due twice.
    await pause(2 * CHECKPOINT);
    ground.ended('crash', { blindSince: since });
    await ground.daemon.kill();
    await ground.sample();
    await unblock(ground, lock);
    await ground.sample();
    return ground.relaunch();
  },
};

const TAKEN_OVER: Scene = {
  fault: 'kill -9, taken over by a standby',
  crm: 'slow',
  play: async (ground) => {
    const second = ground.launchBeside();
    await ground.within(second.says(/standing by/), 'the second daemon to stand by');
    await afterRequests(ground);
    const killed = now();
    await ground.kill();
    ground.adopt(second);
    await ground.within(second.streaming(), 'the second daemon to take over');
    return now() - killed;
  },
};

const SIGTERM: Scene = {
  fault: 'SIGTERM under load',
  crm: 'slow',
  audit: 'slow',
  play: async (ground) => {
    await afterRequests(ground);
    ground.ended('clean');
    ground.daemon.signal('SIGTERM');
    const { code } = await ground.daemon.exit;
    await ground.sample();
    if (code !== 0) throw new Error(`SIGTERM: exit code ${code}: ${ground.daemon.output.slice(-3).join(' ')}`);
    return ground.relaunch();
  },
};

/** The server's process that sends to this slot. */
async function walsender(ground: Ground): Promise<number> {
  const active = `from pg_replication_slots where slot_name = '${ground.database.name}' and active_pid is not null`;
  await ground.until(`select count(*) = 1 ${active}`, 'a walsender');
  const [row] = await ground.database.sql<{ pid: number }>(`select active_pid as pid ${active}`);
  return row?.pid ?? walsender(ground);
}

const SIGSTOP: Scene = {
  fault: 'SIGSTOP beyond wal_sender_timeout, SIGCONT',
  crm: 'healthy',
  play: async (ground) => {
    await afterRequests(ground);
    const sender = await walsender(ground);
    ground.ended('pause');
    ground.daemon.signal('SIGSTOP');
    await ground.until(`select count(*) = 0 from pg_stat_activity where pid = ${sender}`, 'the walsender to give up');
    const since = ground.daemon.log.length;
    ground.daemon.signal('SIGCONT');
    const continued = now();
    await ground.within(ground.daemon.streaming(since), 'the daemon to stream again');
    await ground.sample();
    return now() - continued;
  },
};

const WALSENDER: Scene = {
  fault: 'walsender terminated',
  crm: 'slow',
  play: async (ground) => {
    await afterRequests(ground);
    const sender = await walsender(ground);
    const since = ground.daemon.log.length;
    await ground.database.sql('select pg_terminate_backend($1)', [sender]);
    const ended = now();
    await ground.within(ground.daemon.streaming(since), 'the daemon to stream again');
    await ground.sample();
    return now() - ended;
  },
};

/** Something befalls the daemon's connections to its database; it connects again. */
function cut(fault: string, harm: (ground: Ground) => void): Scene {
  return {
    fault,
    crm: 'slow',
    play: async (ground) => {
      await afterRequests(ground);
      const since = ground.daemon.log.length;
      ground.ended('pause');
      harm(ground);
      const harmed = now();
      await ground.within(ground.daemon.streaming(since), 'the daemon to stream again');
      await ground.sample();
      return now() - harmed;
    },
  };
}

const BAD_NETWORK: Scene = {
  fault: 'kill -9 on a slow, sliced connection to Postgres',
  crm: 'healthy',
  play: async (ground) => {
    ground.proxy.manner = { latency: 10, slice: 200 };
    try {
      await ground.requests('crm', ground.chance.int(1, 100));
      await ground.kill();
      return await ground.relaunch();
    } finally {
      ground.proxy.manner = { latency: 0, slice: Number.POSITIVE_INFINITY };
    }
  },
};

const FENCED: Scene = {
  fault: 'SIGSTOP, taken over by a standby, SIGCONT',
  crm: 'slow',
  play: async (ground) => {
    const first = ground.daemon;
    const second = ground.launchBeside();
    await ground.within(second.says(/standing by/), 'the second daemon to stand by');
    await afterRequests(ground);
    // Where it wakes up, what it has in memory may be sent until it sees that it was replaced.
    ground.ended('crash');
    const stopped = now();
    first.signal('SIGSTOP');
    ground.adopt(second);
    await ground.within(second.streaming(), 'the second daemon to take over');
    await ground.sample();
    const recovery = now() - stopped;
    const since = first.log.length;
    ground.ended('pause', { concurrency: IN_FLIGHT });
    first.signal('SIGCONT');
    await ground.within(first.says(/standing by/, since), 'the first daemon to stand by');
    await ground.within(ground.writer.more(50), 'the writer');
    await first.kill();
    return recovery;
  },
};

function restart(fault: string, mode: StopMode, crm: Mood): Scene {
  return {
    fault,
    crm,
    stopsServer: true,
    play: async (ground) => {
      const { own } = ground.server;
      if (own === null) throw new Error('the server is not ours to stop');
      await ground.requests('audit', ground.chance.int(1, 300));
      const since = ground.daemon.log.length;
      ground.ended('crash');
      await own.halt(mode);
      own.resume();
      const resumed = now();
      await ground.within(ground.daemon.streaming(since), 'the daemon to stream again');
      await ground.sample();
      return now() - resumed;
    },
  };
}

export const SCENES: readonly Scene[] = [
  kill('as it starts', 'healthy', async ({ daemon }) => void (await daemon.says(/^walhook starts/))),
  kill('as it streams', 'healthy', async ({ daemon }) => void (await daemon.streaming())),
  kill('after some requests', 'healthy', afterRequests),
  kill('after some requests', 'slow', afterRequests, { audit: 'slow' }),
  kill('after some requests', 'now and then 5xx', afterRequests),
  kill('after some requests', 'refuses some rows', afterRequests),
  kill('after some requests', '429', afterWrites),
  kill('after some requests', 'resets', afterRequests),
  kill('after some writes', 'down', afterWrites),
  kill('after some writes', 'hangs', afterWrites),
  kill('while rows are parked', 'down', asRowsAreParked),
  kill('while rows are parked', '5xx', asRowsAreParked),
  kill('while parked rows drain', 'down', whileDraining),
  kill('while parked rows drain', 'down', whileDraining),
  kill('in a transaction of 20,000 changes', 'healthy', inLargeTransaction(20_000), { rare: true }),
  kill('in a transaction of 2,000 changes', 'slow', inLargeTransaction(2_000)),
  WHILE_STORING,
  WHILE_PARKING,
  TAKEN_OVER,
  SIGTERM,
  SIGSTOP,
  FENCED,
  WALSENDER,
  BAD_NETWORK,
  cut('connections to Postgres reset', ({ proxy }) => proxy.reset()),
  cut('connections to Postgres half-open', ({ proxy }) => proxy.halfOpen()),
  restart('Postgres restarted (fast)', 'fast', 'now and then 5xx'),
  restart('Postgres restarted (immediate)', 'immediate', 'now and then 5xx'),
  restart('Postgres kill -9', 'kill -9', 'now and then 5xx'),
];

/** Steps of the first start, each as a query that is true once it is done. */
export const FIRST_STEPS: readonly string[] = [
  `select exists (select from pg_namespace where nspname = 'walhook')`,
  `select to_regclass('walhook.parked') is not null`,
  `select to_regclass('walhook.owner') is not null`,
  `select exists (select from pg_class where oid = 'items'::regclass and relreplident = 'f')`,
  `select exists (select from pg_publication)`,
  `select exists (select from pg_replication_slots where database = current_database())`,
  `select exists (select from pg_replication_slots where database = current_database() and active)`,
];
