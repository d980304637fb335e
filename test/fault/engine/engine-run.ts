import { KafkaBroker } from '../../support/kafka/broker.ts';
import { random } from '../../support/random.ts';
import { suiteServer } from '../suite/server.ts';
import { ENGINE_BREAKAGES } from './engine-breakages.ts';
import { FLEET_SCENES, type FleetScene } from './fleet-scenes.ts';
import { type FleetResult, playFleet } from './fleet-suite.ts';

/** Rounds with one fleet, after which all of it is judged. */
const EPISODE = 10;
/** Workers at the start of an episode. */
const MOST_WORKERS = 4;
/** How many findings are shown. */
const SHOWN = 20;

export interface EngineRunOptions {
  readonly rounds: number;
  readonly seed: number;
  /** A name of ENGINE_BREAKAGES, or null. */
  readonly breakage: string | null;
  /** Only faults that it matches; those that take minutes must be named. */
  readonly faults: string;
  /** Superuser URL of a Postgres; null: an embedded one. */
  readonly url: string | null;
  readonly enough: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** npm run test:fault -- --engine: rounds of faults with fleets of real processes. Gives how many findings there are. */
export async function runEngine({ rounds, seed, breakage, faults, url, enough, onLine }: EngineRunOptions): Promise<number> {
  const only = breakage === null || faults !== '' ? new RegExp(faults) : (ENGINE_BREAKAGES[breakage]?.scenes ?? /./);
  const scenes = FLEET_SCENES.filter(({ fault, isLong }) => only.test(fault) && (isLong !== true || faults !== ''));
  if (scenes.length === 0) throw new Error(`no fault matches ${only}`);
  const chance = random(seed);
  const server = await suiteServer(url);
  const broker = await KafkaBroker.start();
  const results: FleetResult[] = [];
  let deck: FleetScene[] = [];
  const next = (): FleetScene => {
    if (deck.length === 0) deck = [...scenes];
    return deck.splice(chance.int(0, deck.length - 1), 1)[0] ?? next();
  };
  try {
    for (let played = 0; played < rounds && !enough.aborted; played += EPISODE) {
      const episode = { seed: chance.int(0, 2 ** 31 - 1), workers: chance.int(2, MOST_WORKERS), scenes: Array.from({ length: Math.min(EPISODE, rounds - played) }, next) };
      onLine(`${episode.workers} workers, seed ${episode.seed}`);
      results.push(await playFleet({ ...episode, postgres: server.url, brokers: broker.brokers, broker, breakage, enough, onLine }));
    }
  } finally {
    await broker.stop();
    await server.stop();
  }
  const findings = results.flatMap((result) => result.findings);
  onLine(`\n${figures(results)}\n`);
  for (const { condition, what } of findings.slice(0, SHOWN)) onLine(`${condition}: ${what}`);
  onLine(findings.length === 0 ? 'All eight conditions held, and no lane was in two workers.' : `${findings.length} findings`);
  return findings.length;
}

function figures(results: readonly FleetResult[]): string {
  const sum = (of: (result: FleetResult) => number): number => results.reduce((all, result) => all + of(result), 0);
  const seconds = (all: readonly number[]): string => {
    const sorted = all.toSorted((a, b) => a - b);
    return sorted.length === 0 ? '-' : `${((sorted[Math.floor(sorted.length / 2)] ?? 0) / 1000).toFixed(2)} s, worst ${((sorted.at(-1) ?? 0) / 1000).toFixed(2)} s`;
  };
  const lines = (pairs: readonly (readonly [string, number])[]): string[] => [...Map.groupBy(pairs, ([what]) => what)].toSorted(([a], [b]) => a.localeCompare(b)).map(([what, of]) => `  ${what}: ${of.length} times, ${seconds(of.map(([, ms]) => ms))}`);
  return [
    'whole again after',
    ...lines(results.flatMap(({ rounds }) => rounds.map(({ fault, recovery }) => [fault, recovery ?? Number.NaN] as const))),
    'dealt anew after',
    ...lines(results.flatMap(({ rebalances }) => rebalances.map(({ what, ms }) => [what, ms] as const))),
    `a worker drained and ended in ${seconds(results.flatMap(({ drains }) => drains))}`,
    `${sum(({ changes }) => changes)} changes, ${sum(({ requests }) => requests)} requests, ${sum(({ again }) => again.all)} came again: ${sum(({ again }) => again.recent)} not committed yet, ${sum(({ again }) => again.older)} settled out of order, ${sum(({ again }) => again.woken)} from those that woke, ${sum(({ again }) => again.produced)} produced again; ${sum(({ losses }) => losses)} times a worker lost its place`,
  ].join('\n');
}
