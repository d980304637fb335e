import { styleText } from 'node:util';
import type { Paint } from './pretty-json.ts';

/** Colours for stdout: none where it is no terminal, or the environment says NO_COLOR. */
export const paint: Paint = (color, text) => styleText(typeof color === 'string' ? color : [...color], text, { stream: process.stdout });

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
