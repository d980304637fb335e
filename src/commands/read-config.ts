import { readFileSync } from 'node:fs';
import type { Config } from '../config.ts';
import type { Sources } from '../config/interpolate.ts';
import { loadConfig } from '../config/load.ts';
import { Places } from '../config/places.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { codeOf } from '../reaction.ts';

/** A configuration with the text that it was made of. */
export interface LoadedConfig {
  readonly config: Config;
  /** Of the file, as it was given. */
  readonly path: string;
  /** The file as it was read. It may hold secrets. */
  readonly text: string;
  readonly at: Date;
  /** Where variables came from. */
  readonly sources: Sources;
}

const SOURCES: Sources = { env: process.env, readFile: (path) => readFileSync(path, 'utf8') };

/**
 * The configuration of a file, with the environment's variables.
 *
 * @throws ConfigError with everything that is wrong in it; WalhookError `config_missing` if it cannot be read.
 */
export function readConfig(file: string): Config {
  return readLoaded(file).config;
}

/** The same, and what it was made of. @param sources default: the environment, and files */
export function readLoaded(file: string, sources: Sources = SOURCES): LoadedConfig {
  const text = readText(file);
  return { config: loadConfig({ text, file, ...sources }), path: file, text, at: new Date(), sources };
}

/** The same, and what shows where in the file something stands. */
export function readConfigWithPlaces(file: string): { readonly config: Config; readonly places: Places } {
  const { config, text } = readLoaded(file);
  return { config, places: new Places(file, text) };
}

/** @throws WalhookError `config_missing` */
export function readText(file: string): string {
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
