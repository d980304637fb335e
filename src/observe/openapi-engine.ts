import * as z from 'zod';
import type { EngineReport, Fleet, FleetPartition, FleetWorker } from '../fleet.ts';
import { ROLES } from '../role.ts';
import { Count, Milliseconds, mirror } from './openapi-mirror.ts';

const Text = z.string();

const Partition = mirror<FleetPartition>()('FleetPartition', {
  topic: Text,
  partition: Count,
  worker: Text.nullable(),
  committed: Count.nullable(),
  end: Count,
  lag: Count,
});

const Worker = mirror<FleetWorker>()('FleetWorker', { worker: Text.nullable(), partitions: z.array(Count), lag: Count });

const FleetShown = mirror<Fleet>()('Fleet', { partitions: z.array(Partition), workers: z.array(Worker), unassigned_for: Milliseconds.nullable() });

/** A process's part in the engine, and all who deliver. */
export const Engine = mirror<EngineReport>()('Engine', {
  role: z.enum(ROLES),
  topic: Text,
  group: Text,
  worker: Text.nullable(),
  partitions: z.array(Count),
  generation: z.int().nullable(),
  forwarded: Count,
  rebalances: Count,
  lost: Count,
  last_pause: Milliseconds.nullable(),
  paused: Milliseconds,
  problem: Text.nullable(),
  fleet: FleetShown.nullable(),
  fleet_error: Text.nullable(),
  fleet_problems: z.array(Text),
});
