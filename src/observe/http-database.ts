import * as z from 'zod';
import type { EngineReport } from '../fleet.ts';
import type { Inspection, SlotReport } from '../inspection.ts';
import { type Api, answering } from './http-described.ts';
import { Engine } from './openapi-engine.ts';
import { Database, OverviewShown, Slot } from './openapi-inspection.ts';

export interface DatabaseApi {
  /** What `/api/v1/status` answers. */
  readonly status: () => Promise<object>;
  /** Its part where `engine` shares the work, with what the broker says of all who deliver; null without `engine`. */
  readonly engine: () => Promise<EngineReport | null>;
  /** Told on the spot: asks no database. */
  readonly slot: () => SlotReport;
  /** Throws `not_running` as `operations` does. */
  readonly inspection: () => Promise<Inspection>;
}

const Status = z
  .looseObject({ version: z.string(), pid: z.int(), uptime: z.number(), problems: z.array(z.string()), state: Slot.shape.state, slot: z.string(), engine: Engine.nullable() })
  .meta({ id: 'Status' });

/** The routes that tell how the whole is doing. */
export function databaseRoutes(api: Api, { status, engine, slot, inspection }: DatabaseApi): void {
  api.path('daemon', '/status', {
    GET: answering({ summary: 'The daemon and its endpoints, as `walhook status --json`', answers: { 200: { description: 'Also while it does not stream.', schema: Status } } }, async ({ context }) =>
      context.json(await status()),
    ),
  });
  api.path('daemon', '/engine', {
    GET: answering(
      { summary: 'Its role where Kafka shares the work, and all who deliver', answers: { 200: { description: 'Null without `engine` in the configuration.', schema: z.strictObject({ engine: Engine.nullable() }) } } },
      async ({ context }) => context.json({ engine: await engine() }),
    ),
  });
  api.path('daemon', '/overview', {
    GET: answering({ summary: 'One sentence of health, and what to do', answers: { 200: { description: 'Alerts, worst first.', schema: OverviewShown } } }, async ({ context }) =>
      context.json(await (await inspection()).overview()),
    ),
  });
  api.path('database', '/slot', {
    GET: answering({ summary: 'The replication slot', answers: { 200: { description: 'Position, lag and retained WAL.', schema: Slot } } }, ({ context }) => context.json(slot())),
  });
  api.path('database', '/database', {
    GET: answering({ summary: 'What `walhook check` finds, publication, slot and tables', answers: { 200: { description: 'Findings, worst first.', schema: Database } } }, async ({ context }) =>
      context.json(await (await inspection()).database()),
    ),
  });
}
