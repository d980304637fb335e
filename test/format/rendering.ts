import type { EndpointConfig } from '../../src/config.ts';
import type { EvaluationFailure, Values } from '../../src/expression/expression.ts';
import { bodyOf } from '../../src/format/body-of.ts';
import { HookRequests, type MadeRequest, type RequestMaker } from '../../src/format/hook-requests.ts';
import type { Expression, Template, TextTemplate } from '../../src/template.ts';
import { builtinCodecs, hookConfig, readEvents, type TellOptions } from '../support/table.ts';

export interface RenderOptions extends TellOptions {
  readonly endpoint?: Pick<EndpointConfig, 'name' | 'method' | 'kafka'>;
  readonly lookups?: Values;
}

/** The requests that a hook makes of some changes. */
export function render(options: RenderOptions, ...changes: readonly Buffer[]): (MadeRequest | EvaluationFailure)[] {
  const { shape, codecs = builtinCodecs, endpoint = { name: 'crm', method: 'POST', kafka: null }, lookups = null } = options;
  const hook = hookConfig(shape, options.hook);
  const made: (MadeRequest | EvaluationFailure)[] = [];
  let maker: RequestMaker | null = null;
  readEvents(
    options,
    (event) => {
      const { table } = event;
      maker ??= new HookRequests(hook, { table, codecs, body: bodyOf({ table, hook, codecs, source: { database: 'app', slot: 'walhook' } }) }).to(endpoint);
      made.push(maker.make(event, 'evt_1', lookups));
    },
    changes,
  );
  return made;
}

/** The only request of a change, which can be made. */
export function renderOne(options: RenderOptions, change: Buffer): MadeRequest {
  const [made, ...others] = render(options, change);
  if (made === undefined || others.length > 0) throw new Error(`${others.length + 1} requests`);
  if ('message' in made) throw new Error(made.message);
  return made;
}

/** Why the only request of a change cannot be made. */
export function refusal(options: RenderOptions, change: Buffer): string {
  const [made] = render(options, change);
  if (made === undefined || !('message' in made)) throw new Error(`made: ${made?.body}`);
  return made.message;
}

/** Text with `${{ }}` in it, as the config's loader takes it apart. */
export function text(source: string): TextTemplate {
  return source
    .split(/(\$\{\{.*?\}\}(?!\}))/)
    .filter((part) => part !== '')
    .map((part) => (part.startsWith('${{') ? expression(part.slice(3, -2)) : part));
}

function expression(source: string): Expression {
  return { source: source.trim(), line: 1, column: 1 };
}

/** A body, as the config's loader makes it of YAML. */
export function template(value: unknown): Template {
  if (typeof value === 'string' && value.includes('${{')) {
    const parts = text(value);
    const [only] = parts;
    return parts.length === 1 && typeof only === 'object' ? { kind: 'expression', expression: only } : { kind: 'text', parts };
  }
  if (Array.isArray(value)) return { kind: 'list', items: value.map(template) };
  if (typeof value !== 'object' || value === null) return { kind: 'constant', json: JSON.stringify(value) };
  return { kind: 'map', entries: Object.entries(value).map(([name, one]) => [name, template(one)]) };
}
