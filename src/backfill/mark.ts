/** A place in the stream that a backfill asks for: before or after a chunk is read. */
export interface Mark {
  readonly backfill: string;
  /** Tells the process that asked for it: what an earlier one asked for, the WAL may still bring. */
  readonly run: string;
  readonly chunk: number;
  readonly side: 'low' | 'high';
}

export function writeMark({ backfill, run, chunk, side }: Mark): string {
  return `${backfill}:${run}:${chunk}:${side}`;
}

/** Null for text that is no mark: anybody may write messages of any prefix. */
export function readMark(text: string): Mark | null {
  const match = /^([\w-]+):([\w-]+):(\d+):(low|high)$/.exec(text);
  if (match === null) return null;
  const [, backfill = '', run = '', chunk = '', side] = match;
  return { backfill, run, chunk: Number(chunk), side: side === 'low' ? 'low' : 'high' };
}
