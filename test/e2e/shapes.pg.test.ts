import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { SECRET, startDaemon, testDatabase } from '../support/daemon.ts';
import { Receiver, type ReceivedRequest } from '../support/receiver.ts';
import { type Recipe, shapesPage } from '../support/shapes-page.ts';

const PAGE = shapesPage();
const SECRETS = { CRM_WHSEC: SECRET, CRM_WHSK: `whsk_${Buffer.alloc(32, 9).toString('base64')}` };
/** What the files that it names have in them, as far as the loader looks. */
const PEM = '-----BEGIN CERTIFICATE-----';
const HOST = 'https://crm.example.com';

test.for(PAGE.recipes)('docs/shapes.md, $title: the file is valid', ({ yaml }) => {
  const env = { DATABASE_URL: 'postgres://localhost/app', ...SECRETS };
  expect(loadConfig({ text: yaml, file: 'walhook.yaml', env, readFile: () => PEM }).hooks).not.toEqual([]);
});

interface Parsed {
  readonly tables?: unknown;
  readonly endpoints: Readonly<Record<string, { readonly url: string }>>;
  readonly hooks: readonly { readonly name: string; readonly to: string }[];
}

/** Recipes as one config, each with endpoints of its own. They have the same `tables`. */
function merged(recipes: readonly Recipe[], receivers: readonly Receiver[]): string {
  const files = recipes.map(({ yaml }) => parse(yaml) as Parsed);
  const endpoints = files.flatMap((file, index) =>
    Object.entries(file.endpoints).map(([name, endpoint]) => {
      const url = endpoint.url.replace(HOST, receivers[index]?.url ?? '');
      return [`${name}-${index}`, { ...endpoint, url, network: { allow: ['127.0.0.0/8'] } }];
    }),
  );
  const hooks = files.flatMap((file, index) => file.hooks.map((hook) => ({ ...hook, to: `${hook.to}-${index}` })));
  const tables = files[0]?.tables ?? {};
  return JSON.stringify({ version: 1, source: { url: '${DATABASE_URL}', slot: '${SLOT}' }, tables, endpoints: Object.fromEntries(endpoints), hooks });
}

/** The request as the page shows it, with the headers that the page shows. */
function shown({ method, url, headers, body }: ReceivedRequest, expected: string): string {
  const names = [...(expected.split('\n\n')[0] ?? '').matchAll(/^([\w-]+):/gm)].map(([, name = '']) => name);
  const lines = names.map((name) => `${name}: ${String(headers[name.toLowerCase()])}`.replaceAll(/(?<=\bv1a?,)\S+/g, '…'));
  return [`${method} ${url}`, ...lines, ...(body.length === 0 ? [] : ['', body.toString()])].join('\n');
}

const SHOWN = PAGE.recipes.filter(({ requests }) => requests.length > 0);
const GROUPS = [...Map.groupBy(SHOWN, ({ yaml }) => JSON.stringify((parse(yaml) as Parsed).tables ?? {}))];

test.for(GROUPS)('docs/shapes.md, tables: %s: the requests are those that it shows', async ([, recipes]) => {
  const db = await testDatabase(PAGE.schema);
  const receivers = await Promise.all(recipes.map(({ yaml }) => Receiver.open(yaml.includes('signing:') ? { secret: SECRET } : {})));
  onTestFinished(async () => void (await Promise.all(receivers.map((receiver) => receiver.close()))));
  const daemon = await startDaemon({ db, yaml: merged(recipes, receivers), receivers: {}, env: SECRETS });
  for (const change of PAGE.changes) await db.sql(change);
  await Promise.all(recipes.map(({ requests }, index) => receivers[index]?.deliveries(requests.length) ?? Promise.reject(new Error('no receiver'))));
  await daemon.stop();
  for (const [index, { title, requests }] of recipes.entries()) {
    const received = receivers[index]?.requests.map((request, place) => shown(request, requests[place] ?? ''));
    expect(received, title).toEqual(requests);
  }
});
