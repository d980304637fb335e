import { createInterface } from 'node:readline';
import type pg from 'pg';
import { paint } from './terminal.ts';

/** Most rows of a result that are shown. */
const MOST_ROWS = 10;

export interface SqlPrompt {
  /** Prints above the line that is being typed. */
  print(text: string): void;
  close(): void;
}

/** Reads SQL from the terminal, statement by statement, and runs it. Ctrl-C and Ctrl-D reach the process as SIGINT. */
export function sqlPrompt(client: pg.Client): SqlPrompt {
  const prompt = paint('bold', 'sql> ');
  const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt });
  const print = (text: string): void => {
    process.stdout.write(`\r\u001b[J${text}\n`);
    terminal.prompt(true);
  };
  let statement = '';
  let last = Promise.resolve();
  let closed = false;
  terminal.on('line', (line) => {
    statement = statement === '' ? line.trim() : `${statement}\n${line}`;
    if (statement !== '' && !statement.endsWith(';')) {
      terminal.setPrompt('...> ');
    } else if (statement !== '') {
      const complete = statement;
      statement = '';
      terminal.setPrompt(prompt);
      last = last.then(() => execute(client, complete)).then(print);
    }
    terminal.prompt();
  });
  const interrupt = (): void => {
    if (!closed) process.kill(process.pid, 'SIGINT');
  };
  terminal.on('SIGINT', interrupt);
  terminal.on('close', interrupt);
  terminal.prompt();
  return {
    print,
    close: () => {
      closed = true;
      terminal.close();
    },
  };
}

/** Runs a statement and gives what to show of its result or error. */
async function execute(client: pg.Client, statement: string): Promise<string> {
  try {
    // Several statements at once give a list of results, which pg's types do not know.
    const results = [await client.query(statement)].flat();
    return resultText(results.at(-1));
  } catch (error) {
    return `  ${paint('red', error instanceof Error ? error.message : String(error))}`;
  }
}

function resultText(result: pg.QueryResult | undefined): string {
  if (result === undefined) return '';
  const rows = result.rows.slice(0, MOST_ROWS).map((row) => `  ${JSON.stringify(row)}`);
  const more = result.rows.length > MOST_ROWS ? [`  … and ${result.rows.length - MOST_ROWS} more`] : [];
  return paint('dim', [...rows, ...more, `  ${result.command} ${result.rowCount ?? ''}`].join('\n'));
}
