import { useCallback, useState } from 'preact/hooks';
import { tell } from '../place/notices.ts';
import { asApiError } from './api.ts';

/** Does something and tells at the foot of the page what came of it. */
export interface Act {
  readonly busy: boolean;
  /** @param work gives the sentence to tell; null: nothing. */
  readonly run: (work: () => Promise<string | null>) => void;
}

export function useAct(): Act {
  const [busy, setBusy] = useState(false);
  const run = useCallback((work: () => Promise<string | null>) => {
    setBusy(true);
    work()
      .then(
        (sentence) => {
          if (sentence !== null) tell('done', sentence);
        },
        (failure: unknown) => {
          const error = asApiError(failure);
          if (error !== null) tell('failed', error.message, error.hint);
        },
      )
      .finally(() => setBusy(false));
  }, []);
  return { busy, run };
}
