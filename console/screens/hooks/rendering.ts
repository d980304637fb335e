import { useEffect, useState } from 'preact/hooks';
import type { RenderRequest, Rendered } from '../../../src/inspection.ts';
import { api, type ApiError, asApiError } from '../../api/api.ts';

/** Milliseconds without a key pressed, until the daemon is asked. */
const DEBOUNCE = 300;

export interface Rendering {
  /** The last that could be made: it stays while a draft is wrong. */
  readonly rendered: Rendered | null;
  readonly error: ApiError | null;
  /** What is shown is not of what is asked. */
  readonly stale: boolean;
}

const NOTHING: Rendering = { rendered: null, error: null, stale: true };

/** What a hook makes of a row, asked anew when the question changes. @param request null: nothing is asked. */
export function useRendering(hook: string, request: RenderRequest | null): Rendering {
  const [rendering, setRendering] = useState<Rendering>(NOTHING);
  const body = request === null ? null : JSON.stringify(request);
  useEffect(() => {
    if (body === null) return undefined;
    const abort = new AbortController();
    setRendering((before) => ({ ...before, stale: true }));
    const ask = async (): Promise<void> => {
      try {
        const rendered = await api<Rendered>(`/hooks/${encodeURIComponent(hook)}/render`, { method: 'POST', body: JSON.parse(body) as unknown, signal: abort.signal });
        setRendering({ rendered, error: null, stale: false });
      } catch (failure) {
        const error = abort.signal.aborted ? null : asApiError(failure);
        if (error !== null) setRendering((before) => ({ ...before, error }));
      }
    };
    const timer = setTimeout(() => void ask(), DEBOUNCE);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [hook, body]);
  return rendering;
}
