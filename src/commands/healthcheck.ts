import { EXIT, WalhookError } from '../errors.ts';
import { askDaemon } from './daemon-client.ts';
import type { Verb } from './command.ts';
import { readConfig } from './read-config.ts';

/** `walhook healthcheck`: 0 if the daemon is well, else 1 and the reason. */
export const healthcheck: Verb = async ({ options }) => {
  const { server } = readConfig(options.config);
  const { status, body } = await askDaemon(server, options.ready === true ? '/readyz' : '/healthz');
  const what = options.ready === true ? 'ready' : 'healthy';
  if (status !== 200) throw new WalhookError(`the daemon is not ${what}: ${detail(body) ?? `it answers ${status}`}`, { code: 'not_healthy' });
  process.stdout.write(`${what}\n`);
  return EXIT.ok;
};

/** What an RFC 9457 problem says. */
function detail(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('detail' in body)) return null;
  return typeof body.detail === 'string' ? body.detail : null;
}
