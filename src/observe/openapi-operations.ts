import * as z from 'zod';
import type { ActionReport } from '../actions.ts';
import type { BackfillReport } from '../backfills.ts';
import type { Selection, StoredDelivery, StoredDetail, StoredList, Tally } from '../operations.ts';
import { Count, Counts, Milliseconds, mirror, Texts, When } from './openapi-mirror.ts';

const DELIVERY = {
  state: z.enum(['parked', 'dead', 'delivered']),
  id: z.string(),
  endpoint: z.string(),
  hook: z.string(),
  table: z.string(),
  operation: z.string(),
  bytes: Count,
  attempts: Count,
  failure: z.string().nullable(),
  status: z.int().nullable(),
  message: z.string().nullable(),
  committed_at: When,
  parked_at: When.nullable(),
  died_at: When.nullable(),
  delivered_at: When.nullable(),
  duration_ms: Milliseconds.nullable(),
  next_at: When.nullable(),
};

export const Delivery = mirror<StoredDelivery>()('Delivery', DELIVERY);
export const DeliveryPage = mirror<StoredList>()('DeliveryPage', { deliveries: z.array(Delivery), next: z.string().nullable() });

/** Of a StoredDetail. */
export const DETAIL = {
  ...DELIVERY,
  method: z.string().nullable(),
  path: z.string().nullable(),
  content_type: z.string().nullable(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  body: z.string(),
  response: z.string().nullable(),
  commit_lsn: z.string(),
} satisfies { readonly [K in keyof StoredDetail]: z.ZodType<StoredDetail[K]> };

export const Tallied = mirror<Tally>()('Tally', { count: Count, endpoints: Counts, not_configured: Counts, as_of: When });

const Selected = mirror<Selection>()('Selection', {
  state: z.enum(['parked', 'dead', 'delivered']),
  ids: z.array(z.string()).optional(),
  endpoint: z.string().optional(),
  hook: z.string().optional(),
  table: z.string().optional(),
  since: When.optional(),
  before: When.optional(),
  key: Texts.optional(),
});

export const Action = mirror<ActionReport>()('Action', {
  id: z.string(),
  action: z.enum(['replay', 'discard']),
  selection: Selected,
  state: z.enum(['running', 'done', 'cancelled', 'failed']),
  total: Count,
  done: Count,
  message: z.string().nullable(),
  started_at: When,
  ended_at: When.nullable(),
});

export const Backfill = mirror<BackfillReport>()('Backfill', {
  id: z.string(),
  hook: z.string(),
  table: z.string(),
  state: z.enum(['waiting', 'running', 'paused', 'done', 'cancelled', 'failed']),
  reason: z.string().nullable(),
  where: z.string().nullable(),
  columns: z.array(z.string()).nullable(),
  rate: z.number().nullable(),
  rows_done: Count,
  rows_sent: Count,
  rows_estimated: z.number().nullable(),
  rows_per_second: z.number().nullable(),
  seconds_left: z.number().nullable(),
  requested_at: When,
  started_at: When.nullable(),
  ended_at: When.nullable(),
  origin: z.enum(['command', 'initial', 'resync', 'console']),
});
