import { useCallback, useEffect, useState } from 'preact/hooks';
import { useStore } from '../place/store.ts';
import { api, type ApiError, asApiError } from './api.ts';
import { lostSince, returns } from './connection.ts';
import { tokenWanted } from './token.ts';

/** Something of the API as it was last read. What was read stays until there is something newer. */
export interface Resource<T> {
  readonly data: T | null;
  readonly error: ApiError | null;
  /** What is shown is not, or not any more, the answer to what is asked. */
  readonly stale: boolean;
  /** When it was read. */
  readonly at: number | null;
  readonly reload: () => void;
}

interface Read<T> {
  readonly path: string | null;
  readonly data: T | null;
  readonly at: number | null;
  readonly error: ApiError | null;
}

/** @param path null: nothing. @param every milliseconds until it is read again; 0: only once. */
export function useResource<T>(path: string | null, every = 0): Resource<T> {
  const [read, setRead] = useState<Read<T>>({ path: null, data: null, at: null, error: null });
  const [asked, setAsked] = useState(0);
  const gone = useStore(lostSince) !== null;
  const epoch = useStore(returns);
  const locked = useStore(tokenWanted) !== null;

  useEffect(() => {
    if (path === null || locked) return undefined;
    const abort = new AbortController();
    let timer = 0;
    const load = async (): Promise<void> => {
      try {
        const data = await api<T>(path, { signal: abort.signal });
        setRead({ path, data, at: Date.now(), error: null });
      } catch (failure) {
        const error = abort.signal.aborted ? null : asApiError(failure);
        if (error !== null) setRead((before) => ({ ...before, error }));
      }
      if (every > 0 && !abort.signal.aborted) timer = window.setTimeout(next, every);
    };
    // A tab that nobody looks at asks for nothing.
    const next = (): void => {
      if (document.hidden) timer = window.setTimeout(next, every);
      else void load();
    };
    void load();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [path, every, asked, epoch, locked]);

  const reload = useCallback(() => setAsked((count) => count + 1), []);
  const stale = read.data !== null && (gone || read.error !== null || read.path !== path);
  return { data: read.data, error: read.error, stale, at: read.at, reload };
}
