import type { Config } from '../config.ts';

export interface LoadInput {
  /** The file's text. */
  readonly text: string;
  /** Its name, as errors show it. */
  readonly file: string;
  /** Environment variables, for `${VAR}`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Gives the text of the file at an absolute path, for `${file:/path}` and `tls`; throws if it cannot. */
  readonly readFile: (path: string) => string;
}

/**
 * The configuration that a file and an environment make: interpolated, checked, defaults filled in, frozen.
 * Throws a ConfigError with everything that is wrong.
 */
export function loadConfig(input: LoadInput): Config {
  throw new Error(`not written yet: ${input.file}`);
}
