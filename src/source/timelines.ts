import { type Lsn, parseLsn } from '../lsn.ts';

/** A server's timeline, and those that it came from, oldest first. A standby that is promoted begins a new one. */
export interface Timelines {
  readonly current: number;
  /** Where each one before ended: from `end` on, the WAL is the next one's. */
  readonly ended: readonly { readonly timeline: number; readonly end: Lsn }[];
}

/** Of a server that has never been promoted. */
export const FIRST_TIMELINE: Timelines = { current: 1, ended: [] };

/**
 * Reads a timeline history file: lines of a timeline, the LSN where it ended and a reason, separated by tabs.
 * https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-TIMELINE-HISTORY
 *
 * @throws SyntaxError if it is none.
 */
export function parseTimelineHistory(text: string, current: number): Timelines {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  const ended = lines.map((line) => {
    const match = /^(\d+)\s+([0-9A-F]+\/[0-9A-F]+)/i.exec(line);
    if (match === null) throw new SyntaxError('not a line of a timeline history file');
    return { timeline: Number(match[1]), end: parseLsn(match[2] ?? '') };
  });
  return { current, ended };
}

/** The timeline that the WAL at `lsn` belongs to. */
export function timelineAt({ current, ended }: Timelines, lsn: Lsn): number {
  return ended.find(({ end }) => lsn < end)?.timeline ?? current;
}

/** Where a timeline ended; null if it is the current one, undefined if the server does not come from it. */
export function timelineEnd({ current, ended }: Timelines, timeline: number): Lsn | null | undefined {
  return timeline === current ? null : ended.find((before) => before.timeline === timeline)?.end;
}
