import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { METRICS } from '../../src/observe/metrics.ts';

const ROOT = resolve(import.meta.dirname, '../..');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<'summary' | 'description' | 'runbook_url', string>>;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string; readonly datasource: { readonly uid: string } }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[] };
}

const groups: { groups: readonly { rules: readonly Rule[] }[] } = parse(read('deploy/prometheus/walhook.rules.yaml'));
const rules = groups.groups.flatMap((group) => group.rules);
const dashboard: Dashboard = JSON.parse(read('deploy/grafana/walhook.json'));
const panels = dashboard.panels.filter(({ type }) => type !== 'row');

/** What a metric is called in a query, and which labels it has there. Prometheus adds `job` and `instance`, a histogram `le`. */
const series = new Map<string, ReadonlySet<string>>(
  METRICS.flatMap(({ name, type, labels }) => {
    const known = new Set<string>([...labels, 'job', 'instance']);
    if (type !== 'histogram') return [[name, known] as const];
    return [[`${name}_bucket`, new Set([...known, 'le'])] as const, [`${name}_sum`, known] as const, [`${name}_count`, known] as const];
  }),
);

function read(path: string): string {
  return readFileSync(resolve(ROOT, path), 'utf8');
}

function metricsIn(query: string): string[] {
  return query.match(/\b(?:walhook|process|nodejs)_\w+/g) ?? [];
}

/** Labels by which a query selects or groups. */
function labelsIn(query: string): string[] {
  const selected = [...query.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map((match) => match[1] ?? '');
  const grouped = [...query.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)].flatMap((match) => (match[1] ?? '').split(',').map((label) => label.trim()));
  return [...selected, ...grouped];
}

/** Names that no metric has, and labels that the metrics of a query do not have. */
function unknownIn(query: string): string[] {
  const names = metricsIn(query);
  const labels = new Set(names.flatMap((name) => [...(series.get(name) ?? [])]));
  return [...names.filter((name) => !series.has(name)), ...(names.length === 0 ? [] : labelsIn(query).filter((label) => !labels.has(label)))];
}

describe('walhook.rules.yaml', () => {
  test('asks for what the daemon tells', () => {
    expect(rules.flatMap(({ alert, expr }) => unknownIn(expr).map((name) => `${alert}: ${name}`))).toEqual([]);
  });

  test('a metric or a label that is not there is found', () => {
    expect(unknownIn('max by (url) (walhook_readiness) + walhook_endpoint_state{webhook_id="x"}')).toEqual(['walhook_readiness', 'webhook_id', 'url']);
  });

  test.for(rules)('$alert says what is wrong, what to do, and where more is to be read', ({ annotations, labels }) => {
    expect(['critical', 'warning', 'info']).toContain(labels.severity);
    expect(annotations.summary.length).toBeGreaterThan(10);
    expect(annotations.description.length).toBeGreaterThan(40);
    expect(annotations.runbook_url).toMatch(/^docs\/[a-z-]+\.md#[a-z-]+$/);
  });

  test('docs/operations.md has each alert, and no other', () => {
    const named = new Set([...read('docs/operations.md').matchAll(/`(Walhook[A-Z]\w+)`/g)].map((match) => match[1]));
    expect(named).toEqual(new Set(rules.map(({ alert }) => alert)));
  });

  test('each alert has a name of its own', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  });
});

describe('the Grafana dashboard', () => {
  test('asks for what the daemon tells', () => {
    const queries = [...panels.flatMap((panel) => (panel.targets ?? []).map(({ expr }) => expr)), ...dashboard.templating.list.flatMap(({ definition }) => definition ?? [])];
    expect(queries.length).toBeGreaterThan(20);
    expect(queries.flatMap((query) => unknownIn(query).map((name) => `${query}: ${name}`))).toEqual([]);
  });

  test('shows every metric that there is', () => {
    const shown = new Set(panels.flatMap((panel) => (panel.targets ?? []).flatMap(({ expr }) => metricsIn(expr).map((name) => name.replace(/_(?:bucket|sum|count)$/, '')))));
    expect(METRICS.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([]);
  });

  test('takes its data source from a variable, so that it can be imported anywhere', () => {
    expect(dashboard.templating.list.find(({ name }) => name === 'DS_PROMETHEUS')?.type).toBe('datasource');
    const sources = panels.flatMap((panel) => [panel.datasource?.uid, ...(panel.targets ?? []).map(({ datasource }) => datasource.uid)]);
    expect(new Set(sources)).toEqual(new Set([`\${DS_PROMETHEUS}`]));
  });

  test.for(panels)('$title says what to do', ({ description, targets }) => {
    expect(description?.length ?? 0).toBeGreaterThan(40);
    // A legend of a label that every series has: never an id or a URL, which no metric has.
    for (const { legendFormat } of targets ?? []) {
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(['instance', 'endpoint', 'hook', 'state', 'outcome', 'result', 'operation', 'table', 'stage', 'failure', 'role', 'topic', 'partition']).toContain(label);
    }
  });

  test('has rows in the order in which one looks', () => {
    expect(dashboard.panels.filter(({ type }) => type === 'row').map(({ title }) => title)).toEqual(['Is it well', 'WAL', 'Endpoints', 'Deliveries & latency', 'Backfills', 'Engine']);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });
});
