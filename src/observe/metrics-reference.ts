import { METRICS } from './metrics.ts';

/** The table of metrics in docs/operations.md. */
export function metricsMarkdown(): string {
  const rows = METRICS.map(({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help.replaceAll('|', String.raw`\|`)} |`);
  return ['| metric | type | labels | |', '|---|---|---|---|', ...rows].join('\n');
}
