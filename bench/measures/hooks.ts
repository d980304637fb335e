import { type Database, WALHOOK } from '../database.ts';
import { drain } from '../drain.ts';
import { buildEvents } from '../events/build-events.ts';
import type { BareFilterAnswer, BareFilterInput } from '../limits/bare-filter.ts';
import type { Measure } from '../measure.ts';
import { INSERT_PROFILES, profilesConfig, profilesDatabase } from '../profiles.ts';
import { inTurn } from '../rounds.ts';
import { median, ratio, spread } from '../statistics.ts';
import type { Suite } from '../suite.ts';
import type { WalhookConfig } from '../walhook-config.ts';

const OTHERS = 1_000;
const OTHER_HOOKS = [0, 10, 100, OTHERS];
const FILTERS = [0, 1, 10, 50, 100];
const MOST_FILTERS = 100;
/** A publication of every table, and WALHOOK of the one that is written to. */
const EVERYTHING = 'everything';
const BARE_FILTER = new URL('../limits/bare-filter.ts', import.meta.url);

/** What hooks cost that have nothing to do with a row. */
export const hooks: Measure = {
  name: 'hooks',
  title: '1 hook → 1,000 hooks on other tables; 1 → 100 hooks on the same table none of which match',
  async run(suite) {
    const { rounds } = suite.options;
    const rows = Math.ceil(suite.options.rows / 3);
    const database = await tables(suite, rows);
    const receiver = await suite.receiver();

    const whole = async (others: number) => drain(suite, { database, receiver, config: await withOthers(database, receiver.port, others), until: rows });
    const { one, thousand } = await inTurn(rounds, { one: () => whole(0), thousand: () => whole(OTHERS) });
    const [costOfOne, costOfThousand] = [one, thousand].map((drained) => drained.map(({ cpu }) => cpu)) as [number[], number[]];

    const fewer = Math.ceil(rows / 3);
    const build = async (config: Promise<WalhookConfig>) => {
      const { cpu } = await buildEvents(suite, { database, rows: fewer, config: (await config).data });
      return cpu;
    };
    const counts = (all: readonly number[]): readonly number[] => (suite.options.quick ? all.filter((count) => count === Math.min(...all) || count === Math.max(...all)) : all);
    const byOthers = await inTurn(rounds, Object.fromEntries(counts(OTHER_HOOKS).map((count) => [count, () => build(withOthers(database, 9, count))])));
    const byFilters = await inTurn(rounds, Object.fromEntries(counts(FILTERS).map((count) => [count, () => build(withFilters(database, count))])));
    const input: BareFilterInput = { filters: filters(MOST_FILTERS), row: { first_name: 'Juliet' }, rows: fewer };
    const { bare } = await inTurn(rounds, { bare: () => suite.task<BareFilterAnswer>(BARE_FILTER, input).answer });
    const without = byFilters['0'] ?? [];
    const added = (byFilters[MOST_FILTERS] ?? []).map((cost, round) => (cost - (without[round] ?? Number.NaN)) / MOST_FILTERS);

    return {
      figures: [
        { name: 'hooks.others', what: 'CPU a delivery, 1,001 hooks ÷ 1 hook', unit: 'ratio', value: ratio(costOfThousand, costOfOne), bar: { atMost: 1.05 } },
        { name: 'hooks.one', what: 'CPU a delivery, 1 hook', unit: 'µs', value: spread(costOfOne) },
        { name: 'hooks.filters', what: 'a hook that does not match ÷ its filter in cel-js', unit: 'ratio', value: ratio(added, bare), bar: { atMost: 1.05 } },
        { name: 'hooks.filter', what: 'CPU that a hook that does not match adds to a row', unit: 'µs', value: spread(added) },
        { name: 'hooks.bare_filter', what: 'CPU of its filter in bare cel-js, on a row that is an object already', unit: 'µs', value: spread(bare) },
      ],
      charts: [
        { name: 'hooks-on-other-tables', title: 'CPU a row before delivery, by hooks on other tables', x: 'hooks on other tables', y: 'µs', lines: [{ name: 'hooks on other tables', points: points(byOthers) }] },
        { name: 'hooks-on-the-table', title: 'CPU a row before delivery, by hooks on the table that do not match', x: 'hooks that do not match', y: 'µs', lines: [{ name: 'hooks that do not match', points: points(byFilters) }] },
      ],
    };
  },
};

/** The table that is written to, and a thousand that are not. */
async function tables(suite: Suite, rows: number): Promise<Database> {
  const database = await profilesDatabase(suite, 'hooks');
  await database.query(Array.from({ length: OTHERS }, (_, n) => `create table other_${n} (user_id bigint primary key, note text);`).join('\n'));
  await database.query(`create publication ${EVERYTHING} for all tables`);
  await database.beginBacklog();
  await database.inThousands(rows, INSERT_PROFILES);
  return database;
}

function withOthers(database: Database, port: number, count: number): Promise<WalhookConfig> {
  const others = Array.from({ length: count }, (_, n) => ({ name: `other-${n}`, table: `other_${n}`, to: 'bench' }));
  return profilesConfig(database, port, { publication: count === 0 ? WALHOOK : EVERYTHING, hooks: [{ name: 'bench', table: 'profiles', to: 'bench' }, ...others] });
}

function withFilters(database: Database, count: number): Promise<WalhookConfig> {
  const never = filters(count).map((when, n) => ({ name: `never-${n}`, table: 'profiles', to: 'bench', when }));
  return profilesConfig(database, 9, { hooks: [{ name: 'bench', table: 'profiles', to: 'bench' }, ...never] });
}

/** Different ones, so that nothing can be shared. */
function filters(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `row.first_name == 'Nobody ${n}'`);
}

function points(results: Readonly<Record<string, readonly number[]>>): [number, number][] {
  return Object.entries(results).map(([count, values]) => [Number(count), median(values)]);
}
