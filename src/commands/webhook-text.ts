import { type Paint, prettyJson } from './pretty-json.ts';

/** A webhook, as `demo` and `listen` show it. */
export interface ShownWebhook {
  readonly operation: string;
  /** What it is about, or where it goes. */
  readonly about: string;
  readonly body: string;
  /** What became of it, in a few words. */
  readonly result: string;
  readonly ok: boolean;
}

/** A header line and the body below it, indented. */
export function webhookText({ operation, about, body, result, ok }: ShownWebhook, paint: Paint): string {
  const head = [paint(ok ? 'green' : 'red', '→'), paint('bold', operation), about, ...(result === '' ? [] : [paint(ok ? 'dim' : 'red', result)])];
  return `  ${head.join('  ')}\n    ${prettyJson(body, { indent: '    ', redacted: '<<REDACTED>>', paint })}`;
}
