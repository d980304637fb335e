import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import { EXIT, WalhookError } from './errors.ts';

/** Absolute paths of PEM files; null: none. */
export interface PemFiles {
  /** Its certificates stand in place of those that Node trusts. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

/** Where the files are configured (`endpoints.crm.tls`), and the code of the errors. */
export interface PemSetting {
  readonly setting: string;
  readonly code: string;
}

/**
 * Reads the files, now.
 * Throws a WalhookError that names the setting and the file.
 */
export function secureContextOf(files: PemFiles, { setting, code }: PemSetting): SecureContext {
  const refused = (message: string, cause?: unknown): WalhookError => new WalhookError(message, { code, exit: EXIT.badConfig, cause });
  const read = (name: 'ca' | 'cert' | 'key'): Buffer | undefined => {
    const path = files[name];
    if (path === null) return undefined;
    try {
      return readFileSync(path);
    } catch (cause) {
      throw refused(`${setting}.${name}: cannot read ${path}`, cause);
    }
  };
  if ((files.cert === null) !== (files.key === null)) throw refused(`${setting}: cert and key go together`);
  const [ca, cert, key] = [read('ca'), read('cert'), read('key')];
  try {
    // OpenSSL takes a file without any certificate for an empty list.
    for (const file of [ca, cert]) if (file !== undefined) void new X509Certificate(file);
    return createSecureContext({ ca, cert, key });
  } catch (cause) {
    const paths = [files.ca, files.cert, files.key].filter((path) => path !== null);
    throw refused(`${setting}: not PEM, or not a pair: ${paths.join(', ')}`, cause);
  }
}
