import type { ChangeReport, LiveAttempt, LiveEvent } from '../../src/traffic.ts';

/** One event of `/live`. Null for a comment, and for kinds that this console does not know. @param block its lines */
export function parseEvent(block: string): LiveEvent | null {
  let type = '';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) type = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5));
  }
  if (data.length === 0) return null;
  const payload: unknown = JSON.parse(data.join('\n'));
  if (type === 'change') return { type, change: payload as ChangeReport };
  if (type === 'attempt') return { type, attempt: payload as LiveAttempt };
  if (type === 'skipped') return { type, count: (payload as { readonly count: number }).count };
  return null;
}
