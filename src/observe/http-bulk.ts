import type { Context } from 'hono';
import * as z from 'zod';
import type { Actions } from '../actions.ts';
import type { BulkAction, Operations, Selection, Tally } from '../operations.ts';
import type { Audit } from './http-audit.ts';
import type { DescribedAnswer } from './http-described.ts';
import { problemOf } from './http-problem.ts';
import { Ids, NARROWING, Reason, withTable } from './http-requests.ts';
import { Action, Tallied } from './openapi-operations.ts';

export interface BulkApi {
  /** Throws a WalhookError `not_running` while there is nothing to act on: at the start, during a drain, on standby. */
  readonly operations: () => Operations;
  /** Bulk actions that run by themselves: of this process, whatever its configuration. */
  readonly actions: Actions;
  readonly audit: Audit;
}

export const MANNER = {
  dry_run: z.boolean().default(false).meta({ description: 'Count and do nothing.' }),
  background: z.boolean().default(false).meta({ description: 'Answer at once, with an action that can be watched and cancelled.' }),
};

const BULK = {
  ...NARROWING,
  ids: Ids.optional(),
  all: z.literal(true).optional().meta({ description: 'Everything, where nothing else narrows it down.' }),
  ...MANNER,
};
export const ReplayBody = narrowed(withTable(z.strictObject({ ...BULK, state: z.enum(['dead', 'delivered']).default('dead') })));
export const DiscardBody = narrowed(withTable(z.strictObject({ ...BULK, state: z.enum(['dead', 'parked']).default('dead'), reason: Reason.optional() })));

export const BULK_ANSWERS: Readonly<Record<200 | 202, DescribedAnswer>> = {
  200: { description: 'How many it was about, or, with `dry_run`, would be.', schema: Tallied },
  202: { description: 'It runs in the background.', schema: Action },
};

export interface BulkRequest {
  readonly selection: Selection;
  readonly dry_run: boolean;
  readonly background: boolean;
  /** For the audit log. */
  readonly reason?: string | undefined;
}

/** Counts, acts, or begins to act in the background, as was asked for. */
export async function bulk({ operations, actions, audit }: BulkApi, context: Context, action: BulkAction, request: BulkRequest): Promise<Response> {
  const { selection, dry_run, background, reason } = request;
  if (dry_run) return context.json(await operations().count(action, selection));
  const told = { ...withFewIds(selection), ...(reason === undefined ? {} : { reason }) };
  if (background) {
    const report = await actions.begin(action, selection);
    audit({ action, selection: { ...told, background: report.id }, count: report.total });
    return context.json(report, 202, { Location: `/api/v1/actions/${encodeURIComponent(report.id)}` });
  }
  const doing = operations();
  try {
    const tally: Tally = await doing.act(action, selection);
    audit({ action, selection: told, count: tally.count });
    return context.json(tally);
  } catch (error) {
    // What is refused has done nothing; after any other error some of it may be done.
    if (problemOf(error) === null) audit({ action, selection: { ...told, failed: true }, count: null });
    throw error;
  }
}

/** That nothing narrows an action down is said, not forgotten. */
function narrowed<T extends z.ZodObject>(schema: T): T {
  return schema.refine(
    ({ ids, endpoint, hook, table, all }) => all !== undefined || [ids, endpoint, hook, table].some((given) => given !== undefined),
    'say which deliveries: ids, endpoint, hook or table, or all: true',
  );
}

/** Some ids tell an operator which deliveries it was; a thousand would only fill the log. A row's key is data, so its columns alone are told. */
function withFewIds({ ids, key, ...rest }: Selection): object {
  return { ...rest, ...(ids === undefined ? {} : { ids: ids.slice(0, 20) }), ...(key === undefined ? {} : { key: Object.keys(key) }) };
}
