import { createInterface } from 'node:readline/promises';

/** Asks, and gives the line that was typed. Null: Ctrl-C or Ctrl-D, so there is no answer. */
export type Ask = (question: string) => Promise<string | null>;

/** Questions at the terminal, for as long as `talk` takes. */
export async function atTerminal<T>(talk: (ask: Ask) => Promise<T>): Promise<T> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Ctrl-D, or Ctrl-C, which readline would keep to itself.
  const ended = new Promise<null>((resolve) => terminal.once('close', () => resolve(null)));
  terminal.once('SIGINT', () => terminal.close());
  try {
    return await talk((question) => Promise.race([terminal.question(question), ended]));
  } finally {
    terminal.close();
  }
}
