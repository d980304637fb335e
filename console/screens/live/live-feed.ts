import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveEvent } from '../../../src/traffic.ts';
import { asApiError } from '../../api/api.ts';
import { readLive } from '../../api/live-stream.ts';

/** How many are kept. */
const KEPT = 500;
/** Milliseconds between two drawings, and before the stream is asked for again. */
const DRAWN = 150;
const AGAIN = 1_500;

export interface LiveEntry {
  readonly id: number;
  readonly item: Exclude<LiveEvent, { readonly type: 'skipped' }>;
}

export interface LiveFeed {
  /** The latest first. */
  readonly entries: readonly LiveEntry[];
  /** Came since the view was frozen. */
  readonly held: number;
  /** The daemon did not tell of these, since there were too many at once. */
  readonly skipped: number;
  readonly state: 'connecting' | 'open' | 'lost';
}

const NOTHING: LiveFeed = { entries: [], held: 0, skipped: 0, state: 'connecting' };

/** @param query what the daemon filters by: `?table=…`. Another one begins anew. */
export function useLiveFeed(query: string, frozen: boolean): LiveFeed {
  const [feed, setFeed] = useState<LiveFeed>(NOTHING);
  const waiting = useRef<LiveEntry[]>([]);
  const skipped = useRef(0);
  const stopped = useRef(frozen);
  stopped.current = frozen;

  useEffect(() => {
    const abort = new AbortController();
    let last = 0;
    let timer = 0;
    waiting.current = [];
    skipped.current = 0;
    setFeed(NOTHING);
    const take = (item: LiveEvent): void => {
      if (item.type === 'skipped') skipped.current += item.count;
      else waiting.current.push({ id: ++last, item });
      // While nobody draws, what nobody will see is let go.
      if (waiting.current.length > KEPT) skipped.current += waiting.current.splice(0, waiting.current.length - KEPT).length;
    };
    const follow = async (): Promise<void> => {
      try {
        await readLive(query, { onOpen: () => setFeed((before) => ({ ...before, state: 'open' })), onItem: take }, abort.signal);
      } catch (error) {
        if (abort.signal.aborted || asApiError(error) === null) return;
      }
      if (abort.signal.aborted) return;
      setFeed((before) => ({ ...before, state: 'lost' }));
      timer = window.setTimeout(() => void follow(), AGAIN);
    };
    const drawing = setInterval(() => {
      const held = waiting.current.length;
      if (stopped.current) setFeed((before) => (before.held === held ? before : { ...before, held }));
      else if (held > 0 || skipped.current > 0) {
        const fresh = waiting.current.splice(0).toReversed();
        const missed = skipped.current;
        skipped.current = 0;
        setFeed((before) => ({ ...before, entries: [...fresh, ...before.entries].slice(0, KEPT), held: 0, skipped: before.skipped + missed }));
      }
    }, DRAWN);
    void follow();
    return () => {
      abort.abort();
      clearTimeout(timer);
      clearInterval(drawing);
    };
  }, [query]);
  return feed;
}
