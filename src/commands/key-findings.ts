import type { Config } from '../config.ts';
import { WalhookError } from '../errors.ts';
import { error, type Finding, info, warning } from '../finding.ts';
import { cipherOf, looseKeyFiles } from '../store/key-file.ts';

const PATH = 'state.encryption.keys';

/** Whether what is parked is sealed, and how well its keys are kept. */
export function keyFindings({ state }: Config): Finding[] {
  if (state.encryption === null) return [];
  try {
    const { sealsBy } = cipherOf(state);
    const loose = looseKeyFiles(state).map(({ path, mode }) =>
      warning({ code: 'state_key_mode', message: `others than its owner may read or write the key ${path} (mode ${mode})`, fix: `chmod 600 ${path}`, path: PATH }),
    );
    return [...loose, info({ code: 'state_sealed', message: `parked deliveries and dead letters are stored sealed, with key ${sealsBy}`, path: PATH })];
  } catch (failure) {
    if (!(failure instanceof WalhookError)) throw failure;
    return [error({ code: 'state_key', message: failure.message, fix: failure.hint, path: PATH })];
  }
}
