import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { now } from '../suite/child.ts';
import type { Mood } from '../suite/moods.ts';
import { IN_FLIGHT, SESSION } from './fleet-config.ts';
import { type FleetGround, type Ship, Stuck } from './fleet-ground.ts';

/** A fault of a fleet. */
export interface FleetScene {
  /** For the table. */
  readonly fault: string;
  /** How the endpoint `crm`, and its neighbour, behave meanwhile. */
  readonly crm: Mood;
  readonly audit?: Mood;
  /** It harms the broker, which must be the suite's own. */
  readonly harmsBroker?: boolean;
  /** It takes minutes: `--faults` asks for it. */
  readonly isLong?: boolean;
  /** Waits for its moment, makes the fault and sees the fleet go on, with as many workers as before. Gives the milliseconds until it was whole again. */
  readonly play: (ground: FleetGround) => Promise<number>;
}

async function afterRequests(ground: FleetGround): Promise<void> {
  await ground.requests('audit', ground.chance.int(1, 100));
}

function killTail(crm: Mood): FleetScene {
  return {
    fault: 'kill -9 of the tail',
    crm,
    play: async (ground) => {
      await afterRequests(ground);
      await ground.kill(ground.tail);
      await ground.sample();
      const killed = now();
      await ground.within(ground.launch('tail').process.streaming(), 'the tail to stream again');
      const ms = now() - killed;
      await afterRequests(ground);
      return ms;
    },
  };
}

function killWorker(crm: Mood, moment: (ground: FleetGround) => Promise<void> = afterRequests): FleetScene {
  return {
    fault: 'kill -9 of a worker',
    crm,
    audit: 'slow',
    play: async (ground) => {
      await moment(ground);
      await ground.kill(ground.anyWorker);
      const ms = await ground.dealt('kill -9 of a worker');
      await afterRequests(ground);
      ground.launch('deliver');
      await ground.dealt('one more worker');
      await ground.sample();
      return ms;
    },
  };
}

const AS_PARKED = async (ground: FleetGround): Promise<void> => {
  const before = await ground.parked();
  await ground.until(async () => (await ground.parked()) > before + 30, 'more parked rows');
};

/** The worker that a stopped one was sends nothing when it wakes but what was in flight, and comes back as a new one. */
const ZOMBIE: FleetScene = {
  fault: 'SIGSTOP of a worker beyond its session, SIGCONT',
  crm: 'very slow',
  audit: 'slow',
  play: async (ground) => {
    await afterRequests(ground);
    // All that it may send at once is under way, and more waits.
    if (ground.moodOfCrm === 'very slow') await ground.requests('crm', 60);
    const zombie = ground.anyWorker;
    ground.freeze(zombie);
    const ms = await ground.dealt('SIGSTOP of a worker');
    await afterRequests(ground);
    await wake(ground, zombie);
    await afterRequests(ground);
    return ms;
  },
};

/** The same while it waits to store more than one write can take: what is left it would store when it wakes, though others have delivered it since. */
const STORING_ZOMBIE: FleetScene = {
  fault: 'SIGSTOP of a worker beyond its session while it stores, SIGCONT',
  crm: '5xx',
  audit: 'slow',
  play: async (ground) => {
    await AS_PARKED(ground);
    const zombie = ground.anyWorker;
    const unlock = await ground.lockParked();
    await ground.delivered('audit', 50 * ground.workers.length);
    ground.freeze(zombie);
    await unlock();
    await ground.turn('healthy', 'slow');
    const ms = await ground.dealt('SIGSTOP of a worker');
    await ground.until(async () => (await ground.parked()) === 0, 'what was parked to be sent');
    await ground.delivered('crm', 50);
    await wake(ground, zombie);
    await afterRequests(ground);
    return ms;
  },
};

/** It wakes, and comes back. What it sends meanwhile is judged: see `Waking`. */
async function wake(ground: FleetGround, zombie: Ship): Promise<void> {
  const since = zombie.process.log.length;
  const from = now();
  ground.thaw(zombie);
  const { time } = await ground.within(zombie.process.says('delivering', since), `${zombie.name} to be a member again`);
  // Its log has the time of day; the receiver's clock is the one of `now`.
  ground.woke({ worker: zombie.name, from, until: now() - (Date.now() - Date.parse(String(time))) });
  await ground.dealt('SIGCONT of a worker');
}

/** A tail tells Postgres what is safe long before so many milliseconds have passed. */
const CONFIRMED = 2_500;

/** The broker takes nothing for a while: the tail confirms nothing of that time, and says so. */
function brokerAway(fault: string, more: Pick<FleetScene, 'isLong'> & { readonly harm: (ground: FleetGround) => Promise<void>; readonly mend: (ground: FleetGround) => Promise<void>; readonly ms: number}): FleetScene {
  const { harm, mend, ms: least, ...rest } = more;
  return {
    fault,
    crm: 'healthy',
    harmsBroker: true,
    ...rest,
    play: async (ground) => {
      await afterRequests(ground);
      const tail = ground.tail;
      await harm(ground);
      const from = now();
      await ground.within(ground.writer.more(50), 'the writer');
      const [written] = await ground.database.sql<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
      const confirmed = `select confirmed_flush_lsn >= '${written?.lsn ?? ''}'::pg_lsn as past from pg_replication_slots where slot_name = '${ground.database.name}'`;
      const isPast = async (): Promise<boolean> => (await ground.database.sql<{ past: boolean }>(confirmed))[0]?.past === true;
      const read = { since: Number.POSITIVE_INFINITY };
      const says = async (): Promise<boolean> => {
        if (await isPast()) throw new Stuck('Postgres was told that it is safe what the broker has not taken');
        const { problems, received, in_flight: memory } = (await ground.ask(tail, 'GET', '/status')) as { problems: string[]; received: string; in_flight: { deliveries: number } };
        if (memory.deliveries > 2 * IN_FLIGHT) throw new Stuck(`the tail has ${memory.deliveries} deliveries in memory, and limits.in_flight is ${IN_FLIGHT}`);
        const [told] = await ground.database.sql<{ all: boolean }>(`select '${received}'::pg_lsn >= '${written?.lsn ?? ''}'::pg_lsn as all`);
        // It has read it, or can take no more: from now on only the broker keeps it from confirming.
        if (told?.all === true || memory.deliveries >= IN_FLIGHT) read.since = Math.min(read.since, now());
        return now() - from >= least && now() - read.since >= CONFIRMED && problems.some((problem) => problem.includes(`produce to topic ${ground.topic}`));
      };
      await ground.until(says, 'the tail to say that the broker takes nothing', least + 30_000);
      await mend(ground);
      const mended = now();
      ground.brokerAway.push({ from, until: mended });
      await ground.until(isPast, 'the tail to confirm again');
      const ms = now() - mended;
      await ground.delivered('audit', 20);
      await ground.sample();
      return ms;
    },
  };
}

/** No file of the broker may become longer, as if its disk were full: it ends itself. */
async function fillDisk({ broker }: FleetGround): Promise<void> {
  await promisify(execFile)('prlimit', ['--pid', String(broker.pid), '--fsize=1']);
}

function suspended(fault: string, ms: number, more: Pick<FleetScene, 'isLong'> = {}): FleetScene {
  return brokerAway(fault, {
    ms,
    harm: async ({ broker }) => broker.suspend(),
    mend: async ({ broker }) => broker.resume(),
    ...more,
  });
}

const BROKER_KILLED = brokerAway('kill -9 of the broker, which starts again on its data', {
  ms: 0,
  harm: ({ broker }) => broker.kill(),
  mend: ({ broker }) => broker.start(),
});

const SUSPENDED = suspended('SIGSTOP of the broker', 3_000);
const SUSPENDED_LONG = suspended('SIGSTOP of the broker beyond the session', SESSION + 3_000);
const SUSPENDED_MINUTE = suspended('SIGSTOP of the broker for a minute', 60_000, { isLong: true });
const FULL = brokerAway("the broker's disk is full, and it starts again when there is room", {
  ms: 0,
  harm: fillDisk,
  mend: async (ground) => {
    await ground.until(() => !ground.broker.running, 'the broker to end itself');
    await ground.broker.start();
  },
});

/** Milliseconds: how often the broker stands still, for how long each time, and for how long it goes on like that. */
const BEAT = 500;
const STILL = 400;
const SLOW_FOR = 15_000;

/** All goes on, late, and what the tail has in memory is bounded. */
const SLOW_BROKER: FleetScene = {
  fault: 'a broker that is slow: it stands still for four fifths of the time',
  crm: 'healthy',
  harmsBroker: true,
  play: async (ground) => {
    await afterRequests(ground);
    const { broker } = ground;
    let resuming: NodeJS.Timeout | undefined;
    const beat = setInterval(() => {
      broker.suspend();
      resuming = setTimeout(() => broker.resume(), STILL);
    }, BEAT);
    try {
      const from = now();
      const lasts = async (): Promise<boolean> => {
        const { in_flight: memory } = (await ground.ask(ground.tail, 'GET', '/status')) as { in_flight: { deliveries: number } };
        if (memory.deliveries > 2 * IN_FLIGHT) throw new Stuck(`the tail has ${memory.deliveries} deliveries in memory, and limits.in_flight is ${IN_FLIGHT}`);
        return now() - from >= SLOW_FOR;
      };
      await ground.sample();
      await ground.until(lasts, 'the time in which the broker is slow to be over', SLOW_FOR + 30_000);
      await ground.delivered('audit', 50);
      await ground.sample();
    } finally {
      clearInterval(beat);
      clearTimeout(resuming);
      broker.resume();
    }
    const mended = now();
    await ground.delivered('audit', 50);
    return now() - mended;
  },
};

function oneMore(fault: string, crm: Mood, moment: (ground: FleetGround) => Promise<void>): FleetScene {
  return {
    fault,
    crm,
    audit: 'very slow',
    play: async (ground) => {
      await moment(ground);
      ground.launch('deliver');
      const ms = await ground.dealt('one more worker');
      await ground.turn('slow', 'very slow');
      await afterRequests(ground);
      await leave(ground);
      await afterRequests(ground);
      return ms;
    },
  };
}

/** One worker, then four, then one, while the writer writes, and lanes are parked and the breaker opens and closes. */
export const SCALING: FleetScene = {
  fault: 'from one worker to four and back to one',
  crm: 'slow',
  audit: 'slow',
  play: async (ground) => {
    const began = now();
    const before = ground.workers.length;
    while (ground.workers.length > 1) await leave(ground);
    for (const [mood, another] of [['slow', 'slow'], ['5xx', 'slow'], ['now and then 5xx', 'slow']] as const) {
      await ground.turn(mood, another);
      await afterRequests(ground);
      ground.launch('deliver');
      await ground.dealt('one more worker');
      await afterRequests(ground);
    }
    for (const mood of ['5xx', 'now and then 5xx', 'slow'] as const) {
      await ground.turn(mood, 'slow');
      await afterRequests(ground);
      await leave(ground);
      await afterRequests(ground);
    }
    const ms = now() - began;
    while (ground.workers.length < before) ground.launch('deliver');
    await ground.dealt('the others again');
    await ground.sample();
    return ms;
  },
};

/** Processes that are tail and worker in the place of those that are one of the two; the one that reads the slot is killed, and another goes on. */
const TOGETHER: FleetScene = {
  fault: 'kill -9 of one that is tail and worker',
  crm: 'slow',
  audit: 'slow',
  play: async (ground) => {
    const apart = ground.ships;
    for (let i = 0; i < 2; i++) ground.launch('all');
    await ground.dealt('two that are tail and worker');
    for (const ship of apart) await ground.stop(ship);
    const together = ground.ships;
    await ground.within(Promise.race(together.map(({ process }) => process.streaming())), 'one of the two to have the slot');
    await ground.dealt('one worker less');
    await afterRequests(ground);
    await ground.kill(ground.tail);
    await ground.sample();
    const killed = now();
    const [survivor] = ground.ships;
    await ground.within(survivor?.process.streaming() ?? Promise.reject(new Stuck('nobody is left')), 'the other to have the slot');
    await ground.dealt('kill -9 of one that is tail and worker');
    const ms = now() - killed;
    await afterRequests(ground);
    const tail = ground.launch('tail');
    for (const { role } of apart) if (role !== 'tail') ground.launch('deliver');
    await ground.dealt('the others again');
    if (survivor !== undefined) await ground.stop(survivor);
    await ground.within(tail.process.streaming(), 'the tail to have the slot');
    await ground.dealt('one worker less');
    await afterRequests(ground);
    await ground.sample();
    return ms;
  },
};

async function leave(ground: FleetGround): Promise<void> {
  const left = now();
  await ground.stop(ground.anyWorker);
  ground.drains.push(now() - left);
  await ground.dealt('one worker less');
}

export const FLEET_SCENES: readonly FleetScene[] = [
  killTail('slow'),
  killTail('5xx'),
  killWorker('slow'),
  killWorker('now and then 5xx'),
  killWorker('5xx', AS_PARKED),
  killWorker('down', AS_PARKED),
  ZOMBIE,
  { ...ZOMBIE, fault: 'SIGSTOP of a worker beyond its session with parked rows, SIGCONT', crm: 'down' },
  STORING_ZOMBIE,
  TOGETHER,
  BROKER_KILLED,
  SUSPENDED,
  SUSPENDED_LONG,
  SLOW_BROKER,
  SUSPENDED_MINUTE,
  FULL,
  oneMore('one worker more, and one less', 'very slow', afterRequests),
  oneMore('one worker more, with parked rows, and one less', 'down', AS_PARKED),
  SCALING,
];
