import type { Config } from '../../src/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problem.ts';

/** A whsec_ secret of 32 bytes. */
export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

const FILES = new Map([
  ['/run/secrets/walhook_token', 'a token from a file'.replaceAll(' ', '-').concat('\n')],
  ['/etc/ssl/ca.pem', '-----BEGIN CERTIFICATE-----\n'],
  ['/not.pem', 'hunter2'],
]);

/** Loads a file in a world of its own: these variables, and the few files above. */
export function load(text: string, env: Record<string, string> = {}): Config {
  return loadConfig({
    text,
    file: 'walhook.yaml',
    env,
    readFile: (path) => {
      const found = FILES.get(path);
      if (found === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
      return found;
    },
  });
}

/** The error that a file is refused with. Throws if it is not. */
export function refusal(text: string, env: Record<string, string> = {}): ConfigError {
  try {
    load(text, env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}
