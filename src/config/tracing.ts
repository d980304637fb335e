import { collectorUrl } from './addresses.ts';
import { headerNameFault, headerValue } from './headers.ts';
import { mapOf, section } from './kinds.ts';
import { identifier } from './names.ts';
import { number, textOf } from './scalars.ts';

/** The option `tracing`: see schema.ts. */
export const tracing = section({
  url: textOf(collectorUrl, { pattern: '^https?://' }).meta({ description: 'Where traces go, by OTLP over HTTP: `http://otel-collector:4318/v1/traces`.' }),
  headers: mapOf(textOf(headerValue), headerNameFault).prefault({}).meta({ description: 'Headers for it, such as `{ Authorization: "Bearer ${OTEL_TOKEN}" }`.' }),
  sample: number({ min: 0, max: 1 }).prefault(1).meta({ description: 'Part of the changes that are traced, where no traceparent says whether to.' }),
  column: textOf(identifier).optional().meta({
    description:
      'Column of watched tables that has the W3C `traceparent` of what wrote the row: its deliveries go on with that trace. A table without it, and a row that has none there, begins a trace of its own. The column stays in `data` unless `fields.omit` names it. Default: none.',
  }),
  message: textOf(identifier).prefault('traceparent').meta({
    description: "Prefix of a logical message that has the `traceparent` of what comes after it in its transaction: `select pg_logical_emit_message(true, 'traceparent', '00-…')`. A row's own column goes before it.",
  }),
});
