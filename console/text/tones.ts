import type { BackfillState } from '../../src/backfills.ts';
import type { EndpointReport } from '../../src/inspection.ts';
import type { ListedState } from '../../src/operations.ts';

export type ToneName = 'ok' | 'waiting' | 'failing' | 'dead' | 'idle';

/** How an endpoint does, in a word. */
export function endpointState({ condition, breaker, failing_for, mode, parked }: EndpointReport): { readonly tone: ToneName; readonly word: string } {
  if (condition === 'paused') return { tone: 'waiting', word: 'paused' };
  if (condition === 'disabled') return { tone: 'dead', word: 'disabled' };
  if (breaker === 'open') return { tone: 'failing', word: 'refusing' };
  if (failing_for !== null) return { tone: 'failing', word: 'failing' };
  if (mode === 'storing') return { tone: 'waiting', word: 'catching up' };
  if (mode === 'holding') return { tone: 'waiting', word: 'holding' };
  if ((parked ?? 0) > 0) return { tone: 'waiting', word: 'retrying' };
  return { tone: 'ok', word: 'ok' };
}

export const DELIVERY_TONES: Readonly<Record<ListedState, ToneName>> = { delivered: 'ok', parked: 'waiting', dead: 'dead' };

export const BACKFILL_TONES: Readonly<Record<BackfillState, ToneName>> = {
  waiting: 'waiting',
  running: 'ok',
  paused: 'waiting',
  done: 'idle',
  cancelled: 'idle',
  failed: 'dead',
};

export const LEVEL_TONES = { ok: 'ok', waiting: 'waiting', failing: 'failing' } as const;
export const SEVERITY_TONES = { error: 'dead', warning: 'waiting', info: 'idle' } as const;
