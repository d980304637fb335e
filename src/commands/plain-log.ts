import type { Logger } from 'pino';
import { createLog } from '../observe/log.ts';

/** The daemon's warnings and errors as plain lines: for commands whose output is for people. */
export function plainLog(write: (line: string) => void): Promise<Logger> {
  return createLog({
    level: 'warn',
    destination: {
      write: (line) => {
        const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string } };
        write([msg, err?.message].filter((part) => part !== undefined).join(': '));
      },
    },
  });
}
