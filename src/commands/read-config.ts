import { readFileSync } from 'node:fs';
import type { Config } from '../config.ts';
import { loadConfig } from '../config/load.ts';
import { Places } from '../config/places.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { codeOf } from '../reaction.ts';

/**
 * The configuration of a file, with the environment's variables.
 *
 * @throws ConfigError with everything that is wrong in it; WalhookError `config_missing` if it cannot be read.
 */
export function readConfig(file: string): Config {
  return loadConfig({ text: readText(file), file, env: process.env, readFile: (path) => readFileSync(path, 'utf8') });
}

/** The same, and what shows where in the file something stands. */
export function readConfigWithPlaces(file: string): { readonly config: Config; readonly places: Places } {
  return { config: readConfig(file), places: new Places(file, readText(file)) };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const missing = codeOf(cause) === 'ENOENT';
    throw new WalhookError(`${file}: ${missing ? 'no such file' : `cannot be read (${codeOf(cause) ?? 'unknown error'})`}`, {
      code: 'config_missing',
      ...(missing ? { hint: '-c <file> names another one' } : {}),
      exit: EXIT.badConfig,
      cause,
    });
  }
}
