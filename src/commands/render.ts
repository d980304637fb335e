import { didYouMean } from '../closest.ts';
import type { Config, EndpointConfig, HookConfig, RowOperation } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { ReadOnlyDatabase } from '../source/read-only-database.ts';
import type { OptionValues, Verb } from './command.ts';
import { readConfig } from './read-config.ts';
import { inTurn, renderHook } from './render-hook.ts';
import { keyValues } from './render-key.ts';
import { renderCurl, type RenderReport, renderText } from './render-text.ts';
import { rowEvent } from './row-event.ts';
import { composeOnce, readData, sendOnce } from './send.ts';
import { named } from './send-request.ts';
import { paint } from './terminal.ts';
import { withSource } from './with-source.ts';

/** `walhook render HOOK`: the request that a hook makes of a row. */
export const render: Verb = async ({ arguments: [name = ''], options }) => {
  const config = readConfig(options.config);
  const hook = named('hook', config.hooks, name, 'render');
  const asked = { ...options, ...(options.old === undefined ? {} : { old: readData('--old', options.old) }) };
  const operation = operationOf(hook, asked);
  const endpoints = endpointsOf(config, hook, options.endpoint);
  if (options.curl === true && (options.json === true || options.send === true)) throw usage('--curl goes neither with --json nor with --send');

  const { deliveries, report } = await withSource(config, 'render a row', async (client) => {
    const database = new ReadOnlyDatabase(config.source.url);
    try {
      const find = rowEvent({ key: (key, table) => keyValues(options.key ?? [], key, table), old: asked.old ?? null, operation, database });
      return await renderHook({ config, hook, endpoints, client, database }, find);
    } finally {
      await database.close();
    }
  });
  const requests = await inTurn(deliveries, async ({ endpoint, delivery }) =>
    options.send === true ? sendOnce(endpoint, delivery, []) : { endpoint: endpoint.name, request: await composeOnce(endpoint, delivery) },
  );
  const whole: RenderReport = { ...report, requests };
  process.stdout.write(options.json === true ? `${JSON.stringify(whole, null, 2)}\n` : options.curl === true ? renderCurl(whole) : renderText(whole, paint));
  return requests.every((one) => !('verdict' in one) || one.verdict === 'delivered') ? EXIT.ok : EXIT.failure;
};

/** Without `--operation`: an update if there is a row before, else the first that the hook takes. Null: whichever update it is. */
function operationOf({ name, events }: HookConfig, { operation, old }: OptionValues): RowOperation | null {
  const asked = (operation as RowOperation | undefined) ?? null;
  if (old !== undefined && (asked === 'insert' || asked === 'delete')) throw usage(`--old is the row before an update, and --operation says ${asked}`);
  if (asked !== null) return asked;
  if (old !== undefined) return null;
  const first = firstOperation(events);
  if (first === null) throw usage(`hook ${name} takes no events of rows`);
  return first;
}

/** Null if they are none of rows. */
export function firstOperation(events: HookConfig['events']): RowOperation | null {
  return (['insert', 'update', 'visibility_update', 'delete'] as const).find((kind) => events.includes(kind)) ?? null;
}

function endpointsOf({ endpoints }: Config, { name, to }: HookConfig, only: string | undefined): EndpointConfig[] {
  if (only !== undefined && !to.includes(only)) throw usage(`hook ${name} does not go to ${only}, but to ${to.join(', ')}${didYouMean(only, to)}`);
  return to.filter((one) => only === undefined || one === only).flatMap((one) => endpoints.find((endpoint) => endpoint.name === one) ?? []);
}

function usage(message: string): WalhookError {
  return new WalhookError(message, { code: 'usage', hint: 'walhook render --help', exit: EXIT.usage });
}
