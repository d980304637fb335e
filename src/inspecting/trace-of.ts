import type pg from 'pg';
import { codecsOf } from '../commands/render-hook.ts';
import { type Verdict, verdictOn } from '../commands/render-verdict.ts';
import type { Config } from '../config.ts';
import { MaskedText } from '../config/masked-text.ts';
import type { HeldChange } from '../held-changes.ts';
import type { Trace, TracedHook } from '../inspection.ts';
import { heldEvents, tableConfigOf } from './change-event.ts';

/** Why each hook of the table did or did not take a change. An update can be two events: a hook that takes one of them took the change. */
export async function traceOf(held: HeldChange, { config, text }: { readonly config: Config; readonly text: string }, client: pg.ClientBase): Promise<Trace> {
  const { report } = held;
  const { plan, events } = await heldEvents(held, tableConfigOf(config, report.table), client);
  const codecs = await codecsOf(plan, client);
  const written = new MaskedText(text);
  const hooks = config.hooks.flatMap((hook, index): TracedHook[] => {
    if (`${hook.schema}.${hook.table}` !== report.table) return [];
    const id = report.deliveries.find((delivery) => delivery.hook === hook.name)?.id ?? '';
    const verdicts = events.map((event) => verdictOn({ event, id }, hook, { table: plan, codecs }));
    // As it is written: what is filled in may be a secret.
    const expression = hook.when === null ? null : (written.hook(index)?.when ?? '***');
    return [tracedHook(hook.name, expression, verdicts)];
  });
  return { change: report, hooks };
}

function tracedHook(hook: string, expression: string | null, verdicts: readonly Verdict[]): TracedHook {
  const told = verdicts.find(({ wanted }) => wanted) ?? verdicts.find(({ error }) => error !== null) ?? verdicts[0] ?? null;
  if (told === null) return { hook, wanted: false, reasons: ['nothing changed that a receiver may see'], when: expression === null ? null : { expression, value: null, error: null } };
  return {
    hook,
    wanted: told.wanted,
    reasons: [...told.reasons, ...(told.error === null ? [] : ['`when` failed: a dead letter was made of it'])],
    when: expression === null ? null : { expression, value: told.when, error: told.error },
  };
}
