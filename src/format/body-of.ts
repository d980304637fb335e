import type { Codecs } from '../codec.ts';
import type { HookConfig } from '../config.ts';
import type { WatchedTable } from '../event.ts';
import type { Body } from './body.ts';
import { BinaryCloudEvent } from './cloudevents-binary.ts';
import { ContextMaker } from './cloudevents-context.ts';
import { StructuredCloudEvent } from './cloudevents-structured.ts';
import { DebeziumBody } from './debezium-body.ts';
import { EventBody } from './event-body.ts';
import type { Origin } from './origin.ts';
import { StandardBody } from './standard-body.ts';

/** What of a hook decides about the bodies of its format. */
export type BodyConfig = Pick<HookConfig, 'format' | 'fields' | 'meta' | 'large_numbers'>;

export interface BodyOfOptions {
  readonly table: WatchedTable;
  readonly hook: BodyConfig;
  readonly codecs: Codecs;
  readonly source: Origin;
}

/** What makes the bodies of a hook's format, for one version of a table. */
export function bodyOf({ table, hook, codecs, source }: BodyOfOptions): Body {
  switch (hook.format) {
    case 'event':
      return new EventBody(table, hook, codecs);
    case 'standard':
      return new StandardBody(table, new EventBody(table, hook, codecs));
    case 'cloudevents':
      return new StructuredCloudEvent(new ContextMaker(table, source), new EventBody(table, hook, codecs));
    case 'cloudevents-binary':
      return new BinaryCloudEvent(new ContextMaker(table, source), new EventBody(table, hook, codecs));
    case 'debezium':
      return new DebeziumBody(table, hook, { codecs, source });
  }
}

/** The same text for hooks that can share their bodies. */
export function bodyShape(hook: BodyConfig): string {
  const { format, fields, meta, large_numbers } = hook;
  return JSON.stringify([format, fields.only, fields.omit, [...fields.rename], [...fields.set], fields.omit_null, meta, large_numbers]);
}
