import { HELPER_FUNCTIONS } from './helper-functions.ts';

/** The table of helper functions in docs/shapes.md. */
export function helpersMarkdown(): string {
  const rows = HELPER_FUNCTIONS.map(({ signature, about, example, gives }) => `| \`${cell(signature)}\` | ${cell(about)} | \`${cell(example)}\` → \`${cell(gives)}\` |`);
  return ['| function | what it gives | example |', '|---|---|---|', ...rows].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`);
}
