import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseCommandLine } from '../../src/commands/program.ts';
import { loadConfig } from '../../src/config/load.ts';
import { WalhookError } from '../../src/errors.ts';
import { anchorsOf, blocksOf, commandsOf, linksOf, linkTrouble, pages, textOf, wordsOf } from '../support/documentation.ts';

const PAGES = pages();

describe('links', () => {
  test.for(PAGES)('of %s lead somewhere', (page) => {
    expect(linksOf(page).flatMap((link) => linkTrouble(page, link) ?? [])).toEqual([]);
  });

  test('runbooks of alerts are headings of the docs', () => {
    const rules: { groups: readonly { rules: readonly { annotations: { runbook_url: string } }[] }[] } = parse(textOf('deploy/prometheus/walhook.rules.yaml'));
    const links = rules.groups.flatMap((group) => group.rules.map((rule) => rule.annotations.runbook_url));
    expect(links.length).toBeGreaterThan(10);
    expect(links.flatMap((link) => linkTrouble('README.md', link) ?? [])).toEqual([]);
  });

  test('one that leads nowhere is found', () => {
    expect(linkTrouble('README.md', 'docs/none.md')).toContain('there is no docs/none.md');
    expect(linkTrouble('README.md', 'docs/operations.md#nothing')).toContain('no such heading');
    expect(linkTrouble('README.md', 'docs/operations.md#a-lost-slot')).toBeNull();
  });

  test('every page of docs is reached from the README or the index of docs', () => {
    const linked = new Set([...linksOf('README.md').map((link) => link.split('#')[0]), ...linksOf('docs/README.md').map((link) => `docs/${link.split('#')[0] ?? ''}`)]);
    expect(PAGES.filter((page) => /^docs\/[^/]+\.md$/.test(page) && page !== 'docs/README.md' && !linked.has(page))).toEqual([]);
  });

  test('what a panel of the dashboard names is a heading of troubleshooting', () => {
    const named = [...textOf('deploy/grafana/walhook.json').matchAll(/docs\/(\w+)\.md, ([A-Z][\w' ]+)/g)];
    expect(named.length).toBeGreaterThan(3);
    for (const [, page = '', heading = ''] of named) expect([...anchorsOf(`docs/${page}.md`)]).toContain(heading.trim().toLowerCase().replaceAll(' ', '-'));
  });
});

describe('command lines', () => {
  test.for(PAGES.filter((page) => commandsOf(page).length > 0))('of %s are understood', (page) => {
    const refused = commandsOf(page).flatMap(({ text, isPassing }) => {
      try {
        parseCommandLine(wordsOf(text), '0.0.0');
        return [];
      } catch (error) {
        if (!(error instanceof WalhookError)) throw error;
        return isPassing && !error.message.startsWith('unknown') ? [] : [`walhook ${text}: ${error.message}`];
      }
    });
    expect(refused).toEqual([]);
  });

  test('are split as a shell does', () => {
    expect(wordsOf(`backfill crm --where "country = 'NL'" --rate 500/s   # some`)).toEqual(['backfill', 'crm', '--where', "country = 'NL'", '--rate', '500/s']);
    expect(wordsOf('plan --role walhook | psql "$ADMIN_URL"')).toEqual(['plan', '--role', 'walhook']);
    expect(wordsOf('show <id> [--curl] > file')).toEqual(['show', 'id', '--curl']);
  });
});

/** What the environment of an example would hold. */
function environmentOf(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/\$\{(\w+)/g)].map(([, name = '']) => [name, valueOf(name)]));
}

function valueOf(name: string): string {
  if (/DATABASE|STATE/.test(name)) return 'postgres://localhost/app';
  if (/BROKER/.test(name)) return 'kafka-1.example.com:9092';
  if (/SEC/.test(name)) return `whsec_${Buffer.alloc(32, name.length).toString('base64')}`;
  return name.endsWith('URL') ? 'https://example.com/hooks' : 'x';
}

describe('configurations', () => {
  // shapes.md has one beginning for all that follow it, which a test of its own puts together.
  const whole = PAGES.filter((page) => page !== 'docs/shapes.md').flatMap(blocksOf).filter(({ language, text }) => language === 'yaml' && /^(?:#[^\n]*\n)*version: 1\n/.test(text));

  test('are there', () => {
    expect(whole.map(({ page }) => page)).toEqual(expect.arrayContaining(['README.md', 'docs/configuration.md', 'docs/getting-started.md']));
  });

  test.for(whole)('of $page, line $line, is valid', ({ page, text }) => {
    const config = loadConfig({ text, file: page, env: environmentOf(text), readFile: () => 'x' });
    expect(config.hooks.length).toBeGreaterThan(0);
  });
});
