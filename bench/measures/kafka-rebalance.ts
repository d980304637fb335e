import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, account } from '../kafka/arrivals.ts';
import { Fleet } from '../kafka/fleet.ts';
import { missing } from '../kafka/missing.ts';
import { beatsDatabase, writeBeats } from '../load/beats.ts';
import type { Figure, Measure, Unit } from '../measure.ts';
import { type Spread, spread } from '../statistics.ts';
import type { Database } from '../database.ts';
import type { Receiver } from '../receiver/receiver.ts';
import type { WalhookProcess } from '../process/walhook.ts';
import type { Suite } from '../suite.ts';
import { endpoint, walhookConfig } from '../walhook-config.ts';

const PER_SECOND = 400;
/** Rows that are written in turn: each is a lane, of which something comes every 600 ms. */
const LANES = 240;
/** Milliseconds: so that there is always something in flight. */
const LATENCY = 50;
/** Milliseconds before what happens, and what is waited for what comes twice. */
const BEFORE = 2_000;
const ECHO = 1_500;
/** The configuration's default for `session`, in milliseconds, after which one that was killed is missed. */
const SESSION = 10_000;
/** Milliseconds that all of it may take to arrive once it is written. */
const PATIENCE = 60_000;

/** What happens to a fleet while rows are written, and for how many seconds they are. */
const EVENTS = [
  { name: 'join', what: 'a worker joins', seconds: 8 },
  { name: 'leave', what: 'a worker leaves (SIGTERM)', seconds: 8 },
  { name: 'kill', what: 'a worker is killed (SIGKILL)', seconds: 6 + SESSION / 1000 },
] as const;
type Event = (typeof EVENTS)[number];

interface Told extends Account {
  /** Read by the worker, and not committed, when it was killed. */
  readonly uncommitted: number;
}

interface Place {
  readonly database: Database;
  readonly receiver: Receiver;
  readonly fleet: Fleet;
  /** There is one at the start of an event, besides the one that stays, unless it joins. */
  readonly second: WalhookProcess | null;
}

/** How long deliveries rest, and whether each arrives once, when the number of workers changes. */
export const kafkaRebalance: Measure = {
  name: 'kafka-rebalance',
  title: 'a worker joins, leaves and is killed, under load',
  async run(suite) {
    const kafka = await suite.kafka();
    if (kafka === null) return missing(EVENTS.flatMap(bars));
    const told = new Map<Event, Told[]>(EVENTS.map((event) => [event, []]));
    const database = await beatsDatabase(suite, 'kafka_rebalance');
    const receiver = await suite.receiver();
    receiver.delay(LATENCY);
    const config = await walhookConfig({ database, endpoints: { bench: endpoint(receiver.port, { concurrency: 64 }) }, hooks: [{ name: 'bench', table: 'beats', events: ['insert', 'update'], to: 'bench' }] });
    for (let round = 0; round < suite.options.rounds; round++) {
      await database.beginSlot('walhook');
      await database.forget();
      const fleet = new Fleet({ suite, kafka, config });
      const stay = [await fleet.start('tail'), await fleet.start('deliver')];
      let second: WalhookProcess | null = null;
      for (const event of EVENTS) {
        if (event.name === 'kill') second = await fleet.start('deliver');
        const happened = await happen(suite, event, { database, receiver, fleet, second });
        told.get(event)?.push(happened.told);
        second = happened.second;
      }
      await Promise.all(stay.map((one) => one.close()));
      await fleet.close();
    }
    return {
      figures: EVENTS.flatMap((event) => figuresOf(event, told.get(event) ?? [])),
      notes: [
        `${PER_SECOND} transactions a second, each of one of ${LANES} rows in turn; the endpoint answers after ${LATENCY} ms. One worker stays. The longest way is from a commit until it is received: of the deliveries that had to wait for the partitions to be dealt anew, the one that waited longest.`,
        `A worker that is killed is missed after \`session\` (${SESSION / 1000} s): until then what is in its partitions waits, and what is in those of others does not.`,
        'What a worker has in flight when it is killed is what it has read and not committed: deliveries that are being sent, and those that were answered since offsets were committed last, at most a second before.',
      ],
    };
  },
};

async function happen(suite: Suite, { name, seconds }: Event, { database, receiver, fleet, second }: Place): Promise<{ told: Told; second: WalhookProcess | null }> {
  const rows = PER_SECOND * seconds;
  const complete = receiver.record(rows);
  const written = writeBeats(suite, { url: database.url, rows, perSecond: PER_SECOND, lanes: LANES });
  await sleep(BEFORE);
  let uncommitted = 0;
  let now = second;
  if (name === 'join') now = await fleet.start('deliver');
  if (name === 'leave') {
    await second?.stop();
    now = null;
  }
  if (name === 'kill') {
    const pid = `-${second?.pid ?? 0}`;
    await second?.close();
    // It commits nothing more, and the group does not know yet that it is gone.
    const lag = await fleet.lag();
    uncommitted = lag.reduce((sum, { worker, committed, end }) => sum + (worker?.endsWith(pid) === true ? Number(end - (committed ?? 0n)) : 0), 0);
    now = null;
  }
  await written;
  await Promise.race([complete, sleep(PATIENCE)]);
  await sleep(ECHO);
  return { told: { ...account(await receiver.arrivals(), { written: rows, lanes: LANES }), uncommitted }, second: now };
}

function bars({ name, what }: Event): Omit<Figure, 'value'>[] {
  const figure = (of: string, text: string, atMost: number | null, unit: Unit = 'count'): Omit<Figure, 'value'> => ({
    name: `kafka-rebalance.${name}_${of}`,
    what: `${what}: ${text}`,
    unit,
    ...(atMost === null ? {} : { bar: { atMost } }),
  });
  return [
    figure('lost', 'records lost', 0),
    figure('late', 'out of order within a row', 0),
    name === 'kill' ? figure('duplicates', 'received again ÷ what it had in flight', 1, 'ratio') : figure('duplicates', 'received again', 0),
    figure('longest', 'longest way of a delivery', null, 'ms'),
    figure('silence', 'longest time without any delivery', null, 'ms'),
  ];
}

function figuresOf(event: Event, told: readonly Told[]): Figure[] {
  const again = ({ duplicates, uncommitted }: Told): number => (event.name === 'kill' ? duplicates / Math.max(1, uncommitted) : duplicates);
  const values = [worst(told.map(({ lost }) => lost)), worst(told.map(({ late }) => late)), worst(told.map(again)), spread(told.map(({ longest }) => longest)), spread(told.map(({ silence }) => silence))];
  return bars(event).map((figure, index) => ({ ...figure, value: values[index] ?? null }));
}

/** Of what must never be, one round that has it is enough: not the median counts. */
function worst(values: readonly number[]): Spread {
  return { ...spread(values), median: Math.max(...values) };
}
