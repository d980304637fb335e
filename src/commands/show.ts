import { EXIT, WalhookError } from '../errors.ts';
import type { Verb } from './command.ts';
import { deliveryText } from './delivery-text.ts';
import { withOperations } from './open-operations.ts';
import { readConfig } from './read-config.ts';
import { showCurl } from './show-curl.ts';
import { paint } from './terminal.ts';

/** `walhook show ID`: all that is kept of a delivery, for each endpoint it was meant for. */
export const show: Verb = async ({ arguments: [id = ''], options }) => {
  if (options.curl === true && options.json === true) throw new WalhookError('--curl does not go with --json', { code: 'usage', hint: 'walhook show --help', exit: EXIT.usage });
  const config = readConfig(options.config);
  const found = await withOperations(config, { writes: false }, (operations) => operations.show(id));
  if (options.curl === true) {
    process.stdout.write(await showCurl(found, config.endpoints));
    return EXIT.ok;
  }
  const redactedIn = (name: string): string => config.tables.find(({ schema, table }) => `${schema}.${table}` === name)?.redacted ?? '<<REDACTED>>';
  const methodOf = (name: string): string | null => config.endpoints.find((endpoint) => endpoint.name === name)?.method ?? null;
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ deliveries: found }, null, 2)}\n`
      : found.map((delivery) => deliveryText(delivery, { now: Date.now(), redacted: redactedIn(delivery.table), method: methodOf(delivery.endpoint), paint })).join('\n'),
  );
  return EXIT.ok;
};
