import { type Drained, drain } from '../drain.ts';
import type { Figure, Measure, Table } from '../measure.ts';
import { profilesBacklog, profilesConfig } from '../profiles.ts';
import { type CpuProfile, type Stage, stageTimes, type StageTimes } from '../profile/stages.ts';
import { once } from '../statistics.ts';
import { endpoint, isSupported } from '../walhook-config.ts';

const STAGES: readonly Stage[] = ['read', 'decode', 'event', 'route', 'format', 'sign', 'queue', 'send', 'checkpoint', 'store', 'rest of walhook', 'Node', 'garbage collection'];
const SHOWN_FUNCTIONS = 20;

interface Profiled {
  readonly name: string;
  readonly times: StageTimes;
  /** Microseconds of CPU an event for each microsecond in the profile, which is by the clock: the thread may have had to wait for a core. */
  readonly scale: number;
  readonly drained: Drained;
}

/** Where the CPU of an event goes, from a profile of walhook's process. */
export const cpu: Measure = {
  name: 'cpu',
  title: 'CPU per event: decode / format / sign / send',
  isSlow: true,
  async run(suite) {
    const rows = Math.ceil(suite.options.rows / 3);
    const { database } = await profilesBacklog(suite, 'cpu', rows);
    const receiver = await suite.receiver();
    const cases = [
      { name: 'one event a request', what: 'requests' as const, config: await profilesConfig(database, receiver.port) },
      { name: 'batches of 100', what: 'rows' as const, config: await profilesConfig(database, receiver.port, { endpoints: { bench: endpoint(receiver.port, { batch: { size: 100, linger: '50ms' } }) } }) },
    ];
    const profiled: Profiled[] = [];
    for (const { name, what, config } of cases) {
      if (!isSupported(config)) continue;
      const drained = await drain(suite, { database, receiver, config, what, until: rows, isProfiled: true });
      const times = stageTimes(drained.profile as CpuProfile);
      profiled.push({ name, times, drained, scale: drained.mainCpu / sum(times.stages.values()) });
    }
    return {
      figures: profiled.map(({ name, drained }): Figure => ({ name: `cpu.${name.replaceAll(' ', '_')}`, what: `CPU an event, all threads, ${name}, while it is profiled`, unit: 'µs', value: once(drained.cpu) })),
      tables: [stageTable(profiled), ...profiled.map(functionTable)],
      notes: [
        ...profiled.filter(({ drained }) => drained.parked > 0).map(({ name, drained }) => `${name}: walhook parked ${drained.parked.toLocaleString('en')} of ${rows.toLocaleString('en')} events on the way; what was read before the profile began is not in it.`),
        `${rows.toLocaleString('en')} events. Self time in a profile, scaled to the CPU time of the main thread, by the file that a function is in; what is Node's own, such as a hash or a write to a socket, counts for the stage that called it. "Node" is what nobody called: reads from sockets, the event loop. Other threads (garbage collection, compilers) are only in the sum of all threads.`,
      ],
    };
  },
};

function stageTable(profiled: readonly Profiled[]): Table {
  const time = ({ times, scale }: Profiled, stage: Stage): number => (times.stages.get(stage) ?? 0) * scale;
  return {
    title: 'CPU per event on the main thread, by stage',
    columns: ['stage', ...profiled.flatMap(({ name }) => [`${name}, µs`, 'of it'])],
    rows: [
      ...STAGES.map((stage) => [stage, ...profiled.flatMap((one) => [time(one, stage).toFixed(2), `${Math.round((time(one, stage) / one.drained.mainCpu) * 100)} %`])]),
      ['all', ...profiled.flatMap((one) => [one.drained.mainCpu.toFixed(2), '100 %'])],
    ],
  };
}

function functionTable({ name, times, scale }: Profiled): Table {
  return {
    title: `Functions that take the most, with what of Node's own they call: ${name}`,
    columns: ['function', 'µs an event'],
    rows: times.functions.slice(0, SHOWN_FUNCTIONS).map(([what, us]) => [what, (us * scale).toFixed(2)]),
  };
}

function sum(values: Iterable<number>): number {
  let all = 0;
  for (const value of values) all += value;
  return all;
}
