import type { KafkaBroker } from '../../support/kafka/broker.ts';
import { FleetGround, Stuck } from './fleet-ground.ts';
import type { FleetScene } from './fleet-scenes.ts';
import { type FleetFinding, type FleetVerdict, judgeFleet } from './judging.ts';

export interface FleetEpisode {
  /** Superuser URL of a Postgres. */
  readonly postgres: string;
  readonly brokers: string[];
  /** Null: it is not ours to harm. */
  readonly broker: KafkaBroker | null;
  readonly seed: number;
  /** A name of ENGINE_BREAKAGES, or null. */
  readonly breakage: string | null;
  /** Workers at the start. */
  readonly workers: number;
  readonly scenes: readonly FleetScene[];
  /** Once it is aborted, the round that is played is the last one. */
  readonly enough?: AbortSignal;
  readonly onLine: (line: string) => void;
}

export interface FleetRound {
  readonly fault: string;
  /** Milliseconds until the fleet was whole again; null if it was not. */
  readonly recovery: number | null;
}

export interface FleetResult extends FleetVerdict {
  readonly rounds: readonly FleetRound[];
  readonly rebalances: readonly { readonly what: string; readonly ms: number }[];
  readonly drains: readonly number[];
}

/** Plays scenes with one fleet, lets all arrive, and judges it. */
export async function playFleet({ workers, scenes, enough, onLine, ...options }: FleetEpisode): Promise<FleetResult> {
  const ground = await FleetGround.open(options);
  const rounds: FleetRound[] = [];
  const stuck: FleetFinding[] = [];
  const inVain = (error: unknown): null => {
    const what = error instanceof Error ? error.message : String(error);
    stuck.push({ condition: 'stuck', what });
    if (!(error instanceof Stuck)) onLine(`  ${error instanceof Error ? (error.stack ?? what) : what}`);
    return null;
  };
  try {
    let isWhole = await ground.sail(workers).then(() => true, inVain) !== null;
    if (isWhole) await ground.writer.start();
    for (const scene of isWhole ? scenes : []) {
      await ground.turn(scene.crm, scene.audit);
      const recovery = await scene.play(ground).catch(inVain);
      rounds.push({ fault: scene.fault, recovery });
      onLine(`  ${scene.fault} (${scene.crm}): ${recovery === null ? 'stuck' : `whole again after ${Math.round(recovery)} ms`}`);
      isWhole = recovery !== null;
      if (!isWhole || enough?.aborted === true) break;
    }
    if (isWhole) isWhole = (await ground.settle().then(() => true, inVain)) !== null;
    await ground.halt();
    const verdict = await judgeFleet(ground, isWhole);
    for (const { from, until } of ground.awake.sleeps) onLine(`  this machine slept for ${Math.round((until - from) / 1000)} s`);
    if (stuck.length + verdict.findings.length > 0) for (const line of ground.lastLines) onLine(`    ${line}`);
    onLine(`  judged: ${verdict.changes} changes, ${verdict.requests} requests, ${verdict.again.all} came again (${verdict.again.recent} not committed, ${verdict.again.older} settled out of order, ${verdict.again.produced} produced again); ${verdict.losses} times a worker lost its place`);
    return { ...verdict, findings: [...stuck, ...verdict.findings], rounds, rebalances: ground.rebalances, drains: ground.drains };
  } finally {
    await ground.close();
  }
}
