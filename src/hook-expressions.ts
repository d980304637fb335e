import type { Config, EndpointConfig, HookConfig } from './config.ts';
import type { Expression, Template, TextTemplate } from './template.ts';

/**
 * What becomes of an expression's value: a condition; a value in a body or header; a whole body that is written as pairs; the
 * method; a piece of a path; a piece of the name of a topic; a parameter of a query.
 */
export type ExpressionUse = 'when' | 'value' | 'pairs' | 'method' | 'path' | 'topic' | 'parameter';

/** An expression that is worked out for the events of a hook. */
export interface HookExpression {
  readonly source: string;
  readonly use: ExpressionUse;
  /** Below the hook, or the endpoint: `body.organization.name`, `when`. */
  readonly path: string;
  /** The endpoint whose expression it is, which the hook goes to; null: it is the hook's own. */
  readonly endpoint: string | null;
  /** In the file: `when` of the hook with this index, or in `${{ }}`. */
  readonly where: { readonly when: number } | Expression;
  /** The names of `enrich` that it may use. */
  readonly lookups: readonly string[];
}

/** Every expression of the hook with this index in the config. */
export function hookExpressions(config: Config, index: number): HookExpression[] {
  const hook = config.hooks[index];
  if (hook === undefined) return [];
  const names = [...hook.enrich.keys()];
  const within = (use: ExpressionUse, path: string, lookups = names) => (expression: Expression): HookExpression => ({ source: expression.source, use, path, endpoint: null, where: expression, lookups });
  const top = isPairs(hook, config) ? 'pairs' : 'value';
  return [
    ...(hook.when === null ? [] : [{ source: hook.when, use: 'when', path: 'when', endpoint: null, where: { when: index }, lookups: [] } satisfies HookExpression]),
    ...[...hook.enrich].flatMap(([name, { sql }], place) => expressionsIn(sql).map(within('parameter', `enrich.${name}`, names.slice(0, place)))),
    ...expressionsIn(hook.method ?? []).map(within('method', 'method')),
    ...expressionsIn(hook.path ?? []).map(within('path', 'path')),
    ...[...hook.headers].flatMap(([name, value]) => expressionsIn(value).map(within('value', `headers.${name}`))),
    ...(hook.body === null ? [] : bodyExpressions(hook.body, 'body', (path) => within(path === 'body' ? top : 'value', path))),
    ...config.endpoints.filter(({ name }) => hook.to.includes(name)).flatMap((endpoint) => endpointExpressions(endpoint, names)),
  ];
}

/** Where a Kafka endpoint sends is worked out for each hook that goes to it, by what that hook knows. */
function endpointExpressions({ name, kafka }: EndpointConfig, lookups: readonly string[]): HookExpression[] {
  const of = (use: ExpressionUse, path: string) => (expression: Expression): HookExpression => ({ source: expression.source, use, path, endpoint: name, where: expression, lookups });
  return kafka === null ? [] : [...expressionsIn(kafka.topic).map(of('topic', 'topic')), ...expressionsIn(kafka.key ?? []).map(of('value', 'key'))];
}

/** Where to say that it stands: `hooks.crm.body.name`, `endpoints.stream.topic`. */
export function pathOf({ endpoint, path }: HookExpression, hook: string): string {
  return endpoint === null ? `hooks.${hook}.${path}` : `endpoints.${endpoint}.${path}`;
}

/** True if the body is written as a form or a query, for one of the endpoints at least. */
function isPairs({ encoding, method, to }: HookConfig, { endpoints }: Config): boolean {
  if (encoding !== null) return encoding !== 'json';
  const methods = method === null ? endpoints.filter(({ name }) => to.includes(name)).map((endpoint) => endpoint.method) : [method[0]];
  return methods.some((one) => one === 'GET' || one === 'HEAD');
}

function bodyExpressions(template: Template, path: string, within: (path: string) => (expression: Expression) => HookExpression): HookExpression[] {
  switch (template.kind) {
    case 'constant':
      return [];
    case 'expression':
      return [within(path)(template.expression)];
    case 'text':
      return expressionsIn(template.parts).map(within(path));
    case 'map':
      return template.entries.flatMap(([name, value]) => bodyExpressions(value, `${path}.${name}`, within));
    case 'list':
      return template.items.flatMap((item, index) => bodyExpressions(item, `${path}[${index}]`, within));
  }
}

function expressionsIn(template: TextTemplate): Expression[] {
  return template.filter((part) => typeof part !== 'string');
}
