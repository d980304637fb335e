import type { Round, SuiteResult } from './suite.ts';

/** One fault's rounds in figures. Recovery in seconds. */
export interface Row {
  readonly fault: string;
  readonly injected: number;
  readonly lost: number;
  readonly within: number;
  readonly beyond: number;
  readonly disordered: number;
  readonly median: number | null;
  readonly worst: number | null;
}

/** A row for each fault, and one for all of them at the end. */
export function rowsOf(rounds: readonly Round[]): Row[] {
  const byFault = new Map<string, Round[]>();
  for (const round of rounds) byFault.set(round.fault, [...(byFault.get(round.fault) ?? []), round]);
  const faults = [...byFault].toSorted(([a], [b]) => a.localeCompare(b));
  return [...faults, ['all', rounds] as const].map(([fault, of]) => rowOf(fault, of));
}

function rowOf(fault: string, rounds: readonly Round[]): Row {
  const sum = (what: 'lost' | 'within' | 'beyond' | 'disordered'): number => rounds.reduce((all, round) => all + round[what], 0);
  const seconds = rounds.flatMap(({ recovery }) => (recovery === null ? [] : [recovery / 1000])).toSorted((a, b) => a - b);
  return {
    fault,
    injected: rounds.length,
    lost: sum('lost'),
    within: sum('within'),
    beyond: sum('beyond'),
    disordered: sum('disordered'),
    median: seconds[Math.floor(seconds.length / 2)] ?? null,
    worst: seconds.at(-1) ?? null,
  };
}

const HEAD = ['fault', 'injected', 'lost', 'duplicated', 'beyond bound', 'out of order', 'recovery s', 'worst s'];

export function tableText({ rounds, totals }: SuiteResult): string {
  const seconds = (value: number | null): string => (value === null ? '-' : value.toFixed(2));
  const cells = rowsOf(rounds).map((row) => [
    row.fault, String(row.injected), String(row.lost), String(row.within), String(row.beyond), String(row.disordered), seconds(row.median), seconds(row.worst),
  ]);
  const widths = HEAD.map((head, i) => Math.max(head.length, ...cells.map((cell) => cell[i]?.length ?? 0)));
  const lines = [HEAD, ...cells].map((cell) => cell.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join('  ').trimEnd());
  const rule = '-'.repeat(Math.max(...lines.map((line) => line.length)));
  lines.splice(1, 0, rule);
  lines.splice(-1, 0, rule);
  const { written, delivered, requests, duplicates, rss, sockets } = totals;
  return [
    ...lines,
    '',
    `${written} changes committed; ${requests} requests, ${delivered} delivered, ${duplicates} of them again; at most ${Math.round(rss / 1024 / 1024)} MiB and ${sockets} sockets; ${totals.seconds} s`,
  ].join('\n');
}
