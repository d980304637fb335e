import { WALHOOK } from '../database.ts';
import { drain } from '../drain.ts';
import type { Measure } from '../measure.ts';
import { inTurn } from '../rounds.ts';
import { spread } from '../statistics.ts';
import { endpoint, walhookConfig } from '../walhook-config.ts';

const ORGANIZATIONS = 5_000;
const LEAST = 5_000;

const ORG = 'select name, domain from organizations where id = ${{ row.organization_id }}';
const TAGS = 'select name from tags where organization_id = ${{ row.organization_id }} order by name';
const BODY = { type: 'contact', name: '${{ row.first_name }}' };
const BODY_WITH_ORG = { ...BODY, organization: '${{ org }}' };
const BODY_WITH_BOTH = { ...BODY_WITH_ORG, tags: '${{ tags }}' };

/** The same rows, with more and more to look up. */
const HOOKS = {
  without: { body: BODY },
  one: { enrich: { org: ORG }, body: BODY_WITH_ORG },
  two: { enrich: { org: ORG, tags: { sql: TAGS, many: true } }, body: BODY_WITH_BOTH },
  cached: { enrich: { org: { sql: ORG, cache: '1m' }, tags: { sql: TAGS, many: true, cache: '1m' } }, body: BODY_WITH_BOTH },
};

/** Deliveries that look something up: each event a row, or a row and a list. */
export const enrich: Measure = {
  name: 'enrich',
  title: 'deliveries that look something up',
  isExtra: true,
  async run(suite) {
    const rows = Math.ceil(suite.options.rows / 6);
    const database = await suite.database('enrich');
    await database.query(`
      create table profiles (user_id bigint primary key, email text, first_name text, organization_id bigint, created_at timestamptz);
      create table organizations (id bigint primary key, name text, domain text);
      create table tags (organization_id bigint, name text, primary key (organization_id, name));
      insert into organizations select i, 'Organization ' || i, i || '.example.com' from generate_series(1, ${ORGANIZATIONS}) i;
      insert into tags select i % ${ORGANIZATIONS} + 1, 'tag ' || i from generate_series(1, ${3 * ORGANIZATIONS}) i;
      analyze organizations, tags;
      create publication ${WALHOOK} for table profiles, organizations, tags`);
    await database.beginBacklog();
    await database.inThousands(
      rows,
      `insert into profiles select i, 'user' || i || '@example.com', 'Juliet', i * 7919::bigint % ${ORGANIZATIONS} + 1, now() from generate_series($1::int, $2::int) i`,
    );
    const receiver = await suite.receiver();
    const run = (hook: object) => async () => {
      const config = await walhookConfig({
        database,
        tables: { profiles: {}, organizations: {}, tags: {} },
        endpoints: { bench: endpoint(receiver.port, { concurrency: 64 }) },
        hooks: [{ name: 'bench', table: 'profiles', to: 'bench', ...hook }],
      });
      return drain(suite, { database, receiver, config, until: rows });
    };
    const { without, one, two, cached } = await inTurn(suite.options.rounds, { without: run(HOOKS.without), one: run(HOOKS.one), two: run(HOOKS.two), cached: run(HOOKS.cached) });
    const rate = (drained: typeof one) => spread(drained.map(({ perSecond }) => perSecond));
    const cost = (drained: typeof one) => spread(drained.map(({ cpu }) => cpu));
    return {
      figures: [
        { name: 'enrich.without', what: 'deliveries without a lookup', unit: '/s', value: rate(without) },
        { name: 'enrich.one', what: 'deliveries with one lookup', unit: '/s', value: rate(one), bar: { atLeast: LEAST } },
        { name: 'enrich.two', what: 'deliveries with two lookups', unit: '/s', value: rate(two) },
        { name: 'enrich.cached', what: 'deliveries with two lookups and a cache', unit: '/s', value: rate(cached) },
        { name: 'enrich.without_cpu', what: "walhook's CPU a delivery, without", unit: 'µs', value: cost(without) },
        { name: 'enrich.one_cpu', what: "walhook's CPU a delivery, one lookup", unit: 'µs', value: cost(one) },
        { name: 'enrich.two_cpu', what: "walhook's CPU a delivery, two lookups", unit: 'µs', value: cost(two) },
        { name: 'enrich.cached_cpu', what: "walhook's CPU a delivery, cached", unit: 'µs', value: cost(cached) },
      ],
    };
  },
};
