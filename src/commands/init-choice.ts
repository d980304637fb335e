import { didYouMean } from '../closest.ts';
import { parseTableName } from '../config/names.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { fileName, grantSql, isNameable, type ListedTable } from './init-file.ts';
import { guess } from './init-guess.ts';
import type { FoundTable } from './init-tables.ts';
import { print } from './terminal.ts';
import { atTerminal } from './terminal-questions.ts';
import { textTable } from './text-table.ts';
import { humanCount } from './units.ts';

/** As many tables are watched by themselves; the others are in the file as comments. */
const MOST = 20;
/** As many are offered, or written as comments. */
const MOST_LISTED = 200;

/** Those that were named, in the order of the database; the others are left out of the file. @throws WalhookError `usage` for a name that is none, `table_privilege`. */
export function namedTables(names: readonly string[], tables: readonly FoundTable[]): ListedTable[] {
  const wanted = new Set(names.map((name) => {
    const parsed = parseTableName(name);
    const found = parsed === null ? undefined : tables.find(({ schema, table }) => schema === parsed.schema && table === parsed.table);
    if (found !== undefined) return found;
    throw new WalhookError(`--table ${name}: there is no such table${didYouMean(name, tables.map(fileName))}`, { code: 'usage', hint: 'walhook init --help', exit: EXIT.usage });
  }));
  const unnameable = [...wanted].find((found) => !isNameable(found));
  if (unnameable !== undefined) throw new WalhookError(`the file cannot name table ${JSON.stringify(fileName(unnameable))} or one of its columns: control characters, or what looks like a variable`, { code: 'usage', exit: EXIT.usage });
  const refused = [...wanted].find(({ readable }) => !readable);
  if (refused !== undefined) throw new WalhookError(`the role may not read ${fileName(refused)}`, { code: 'table_privilege', hint: grantSql(refused), exit: EXIT.notPermitted });
  return tables.filter((found) => wanted.has(found)).map((found) => ({ found, omitted: found.primaryKey === null ? NO_KEY : null }));
}

const NO_KEY = 'since it has no primary key: set `key` first';

/** What is watched unless somebody says otherwise: tables with a key, up to a number. */
export function usualTables(tables: readonly FoundTable[]): ListedTable[] {
  let count = 0;
  return tables.filter(isNameable).slice(0, MOST_LISTED).map((found) => {
    const obstacle = obstacleOf(found) ?? (count >= MOST ? `since there are more than ${MOST}` : null);
    if (obstacle === null) count++;
    return { found, omitted: obstacle };
  });
}

function obstacleOf(found: FoundTable): string | null {
  if (!found.readable) return `since the role may not read it: ${grantSql(found)}`;
  if (found.primaryKey === null) return NO_KEY;
  return guess(found).isInternal ? 'since it seems to be of a migration tool' : null;
}

/** Offers the tables at a terminal. Null: there was no answer. */
export async function askTables(tables: readonly FoundTable[]): Promise<ListedTable[] | null> {
  const usual = usualTables(tables);
  print('Tables:');
  for (const line of textTable(usual.map(({ found, omitted }, index) => [`${index + 1}`, fileName(found), found.rows === null ? '-' : `${humanCount(found.rows)} rows`, omitted === null ? '' : omitted]))) print(`  ${line}`);
  const count = usual.filter(({ omitted }) => omitted === null).length;
  return atTerminal(async (ask) => {
    for (;;) {
      const answer = await ask(`Which ones? Numbers or names with spaces between them; Enter: ${count === 1 ? 'the one' : `the ${count}`} with nothing said against ${count === 1 ? 'it' : 'them'}: `);
      if (answer === null) return null;
      if (answer.trim() === '') return usual;
      try {
        return chosen(answer, usual, tables);
      } catch (error) {
        if (!(error instanceof WalhookError)) throw error;
        print(error.message.replace(/^--table /, ''));
      }
    }
  });
}

/** `1 3 app.orders`, `1, 3`: the others stay in the file as comments. */
export function chosen(answer: string, usual: readonly ListedTable[], tables: readonly FoundTable[]): ListedTable[] {
  const words = answer.split(/[\s,]+/).filter((word) => word !== '');
  const wanted = namedTables(words.map((word) => {
    const listed = /^\d+$/.test(word) ? usual[Number(word) - 1] : undefined;
    return listed === undefined ? word : fileName(listed.found);
  }), tables);
  return usual.map(({ found, omitted }) => wanted.find((one) => one.found === found) ?? { found, omitted: omitted ?? 'since it was not chosen' });
}
