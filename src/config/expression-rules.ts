import { readExpression, type UsedName } from './expression.ts';
import { endpointSites, enrichSites, type ExpressionSite, templateSites, whenSites } from './expression-sites.ts';
import type { Finding } from './problem.ts';
import { childrenAt, type Node, type Path } from './tree.ts';

/** What is wrong with a hook's expressions, as far as they tell it without the table: their syntax, and what they say of `enrich`. */
export function expressionRules(root: Node, hook: Path, text: string): Finding[] {
  const lookups = childrenAt(root, [...hook, 'enrich']);
  const names = lookups.map((lookup) => String(lookup.at(-1)));
  const all = lookups.map((lookup) => enrichSites(root, lookup, text));
  return [
    ...whenSites(root, hook, text).flatMap((site) => [...syntaxFindings(site), ...whenFindings(site, names)]),
    ...[...templateSites(root, hook, text), ...all.flat()].flatMap(syntaxFindings),
    ...orderFindings(names, all),
  ];
}

/** The same of the expressions of an endpoint: what they may see is that of each hook that goes to it. */
export function endpointExpressionRules(root: Node, endpoint: Path, text: string): Finding[] {
  return endpointSites(root, endpoint, text).flatMap(syntaxFindings);
}

function syntaxFindings(site: ExpressionSite): Finding[] {
  const { fault } = readExpression(site.source);
  if (fault === null) return [];
  // Neither the place nor the words may tell of what was filled in.
  const message = site.filled ? 'not a CEL expression (once its variables are filled in)' : fault.message;
  return [{ at: site.placeOf(fault.at), path: site.path, message }];
}

function whenFindings(site: ExpressionSite, lookups: readonly string[]): Finding[] {
  const used = readExpression(site.source).names.find(({ name }) => lookups.includes(name));
  if (used === undefined) return [];
  return [{ at: site.placeOf(used.at), path: site.path, message: `\`when\` is asked before anything is looked up: it has no ${JSON.stringify(used.name)}` }];
}

/** A lookup may use what those before it found, and so never itself. */
function orderFindings(names: readonly string[], sites: readonly (readonly ExpressionSite[])[]): Finding[] {
  const uses = sites.map((some) => some.flatMap((site) => readExpression(site.source).names.map((used) => ({ site, used }))));
  const needs = new Map(names.map((name, index) => [name, (uses[index] ?? []).map(({ used }) => used.name).filter((other) => names.includes(other))]));
  return names.flatMap((name, index) =>
    (uses[index] ?? [])
      .filter(({ used }) => names.indexOf(used.name) >= index)
      .map(({ site, used }) => ({ at: site.placeOf(used.at), path: site.path, message: orderFault(name, used, needs) })),
  );
}

function orderFault(name: string, used: UsedName, needs: ReadonlyMap<string, readonly string[]>): string {
  const way = wayBack(used.name, name, needs);
  if (way !== null) return `cyclic references: ${[name, ...way].join(' → ')}`;
  return `${JSON.stringify(used.name)} is looked up later: put it before ${JSON.stringify(name)}`;
}

/** Names from one to another by what each needs, both included; null if there is no such way. */
function wayBack(from: string, to: string, needs: ReadonlyMap<string, readonly string[]>, seen: ReadonlySet<string> = new Set()): string[] | null {
  if (from === to) return [from];
  for (const next of needs.get(from) ?? []) {
    const way = seen.has(next) ? null : wayBack(next, to, needs, new Set([...seen, from]));
    if (way !== null) return [from, ...way];
  }
  return null;
}
