import type { BackfillReport } from '../backfills.ts';
import type { Config } from '../config.ts';
import { WalhookError } from '../errors.ts';
import { RemoteBackfills } from './remote-backfills.ts';
import { StateReader } from './state-reader.ts';

/** No daemon answers; or one that stands by, starts or ends. */
const NOBODY: ReadonlySet<string> = new Set(['daemon_silent', 'not_running']);

/** Backfills as the running daemon lists them. Where none does, as the state database has them: then `onNobody` is told why. */
export async function listBackfills(config: Config, query: { readonly hook?: string; readonly active?: boolean }, onNobody: (why: string) => void): Promise<readonly BackfillReport[]> {
  try {
    return await new RemoteBackfills(config.server).list(query);
  } catch (error) {
    if (!(error instanceof WalhookError) || !NOBODY.has(error.code)) throw error;
    const state = new StateReader(config);
    try {
      const found = await state.backfills(query);
      onNobody(error.message);
      return found;
    } finally {
      await state.close();
    }
  }
}
