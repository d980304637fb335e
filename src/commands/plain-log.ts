import type { Logger } from 'pino';
import { createLog } from '../observe/log.ts';

/** The daemon's warnings and errors as plain lines: for commands whose output is for people. */
export function plainLog(write: (line: string) => void): Promise<Logger> {
  return createLog({
    level: 'warn',
    destination: {
      write: (line) => {
        const { id, msg, err } = JSON.parse(line) as { id?: string; msg?: string; err?: { message?: string } };
        // What becomes of single deliveries the command shows itself.
        if (id === undefined) write([msg, err?.message].filter((part) => part !== undefined).join(': '));
      },
    },
  });
}
