import type { ServerConfig } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { askDaemon } from './daemon-client.ts';
import type { Verb } from './command.ts';
import { readConfig } from './read-config.ts';

/** `walhook healthcheck`: 0 if the daemon is well, else 1 and the reason. */
export const healthcheck: Verb = async ({ options }) => {
  const { server } = readConfig(options.config);
  const what = options.ready === true ? 'ready' : 'healthy';
  if (options.json === true) {
    const reason = await reasonAgainst(server, what).catch((error: unknown) => {
      if (error instanceof WalhookError) return error.message;
      throw error;
    });
    process.stdout.write(`${JSON.stringify({ [what]: reason === null, reason })}\n`);
    return reason === null ? EXIT.ok : EXIT.failure;
  }
  const reason = await reasonAgainst(server, what);
  if (reason !== null) throw new WalhookError(`the daemon is not ${what}: ${reason}`, { code: 'not_healthy' });
  process.stdout.write(`${what}\n`);
  return EXIT.ok;
};

/** Null: it is well. */
async function reasonAgainst(server: ServerConfig, what: 'ready' | 'healthy'): Promise<string | null> {
  const { status, body } = await askDaemon(server, what === 'ready' ? '/readyz' : '/healthz');
  return status === 200 ? null : (detail(body) ?? `it answers ${status}`);
}

/** What an RFC 9457 problem says. */
function detail(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('detail' in body)) return null;
  return typeof body.detail === 'string' ? body.detail : null;
}
