import type { LiveEvent } from '../../src/traffic.ts';
import { parseEvent } from '../text/live-event.ts';
import { send } from './api.ts';

export interface LiveReader {
  /** The daemon has answered: what happens from now on is told. */
  readonly onOpen: () => void;
  readonly onItem: (item: LiveEvent) => void;
}

/**
 * Reads `/live` until the signal aborts or the stream ends. By fetch(), since an EventSource sends no Authorization.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function readLive(query: string, { onOpen, onItem }: LiveReader, signal: AbortSignal): Promise<void> {
  const response = await send(`/live${query}`, { signal });
  onOpen();
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return;
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).replaceAll('\r\n', '\n').split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const item = parseEvent(block);
      if (item !== null) onItem(item);
    }
  }
}
