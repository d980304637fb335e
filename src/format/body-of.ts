import type { Codecs } from '../codec.ts';
import type { HookConfig } from '../config.ts';
import type { WatchedTable } from '../event.ts';
import type { Body } from './body.ts';
import { EventBody } from './event-body.ts';
import type { Origin } from './origin.ts';

/** What of a hook decides about the bodies of its format. */
export type BodyConfig = Pick<HookConfig, 'format' | 'fields' | 'meta' | 'large_numbers'>;

export interface BodyOfOptions {
  readonly table: WatchedTable;
  readonly hook: BodyConfig;
  readonly codecs: Codecs;
  readonly source: Origin;
}

/** The bodies of a hook's format, for one version of a table. */
export function bodyOf({ table, hook, codecs }: BodyOfOptions): Body {
  return new EventBody(table, hook, codecs);
}

/** The same text for hooks that can share their bodies. */
export function bodyShape(hook: BodyConfig): string {
  const { format, fields, meta, large_numbers } = hook;
  return JSON.stringify([format, fields.only, fields.omit, [...fields.rename], [...fields.set], fields.omit_null, meta, large_numbers]);
}
