import type { LiveAttempt, ChangeReport } from '../../src/traffic.ts';
import { send } from './api.ts';

export type LiveItem =
  | { readonly type: 'change'; readonly change: ChangeReport }
  | { readonly type: 'attempt'; readonly attempt: LiveAttempt }
  | { readonly type: 'skipped'; readonly count: number };

/**
 * Reads `/live` until the signal aborts or the stream ends. By fetch(), since an EventSource sends no Authorization.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function readLive(query: string, onItem: (item: LiveItem) => void, signal: AbortSignal): Promise<void> {
  const response = await send(`/live${query}`, { signal });
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

/** Null for a comment, and for kinds that this console does not know. */
export function parseEvent(block: string): LiveItem | null {
  let type = '';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) type = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5));
  }
  if (data.length === 0) return null;
  const payload = JSON.parse(data.join('\n')) as Record<string, unknown>;
  // The payload alone, or within the event's own name.
  if (type === 'change') return { type, change: (payload['change'] ?? payload) as ChangeReport };
  if (type === 'attempt') return { type, attempt: (typeof payload['attempt'] === 'object' ? payload['attempt'] : payload) as LiveAttempt };
  if (type === 'skipped') return { type, count: Number(payload['count'] ?? 0) };
  return null;
}
