import type { Codecs } from '../codec.ts';
import type { EnrichConfig } from '../config.ts';
import type { Event, WatchedTable } from '../event.ts';
import { ActivationBuilder } from '../expression/activation.ts';
import { compileExpression } from '../expression/compile-expression.ts';
import { type Activation, type EvaluationFailure, type ExpressionColumn, ExpressionError, type References, type Values } from '../expression/expression.ts';
import { allReferences } from '../expression/references.ts';
import type { Expression } from '../template.ts';
import type { Argument, Lookup } from './lookup.ts';
import { columnParameter, evaluatedParameter, type Parameter } from './parameter.ts';

/** Why an event's lookups came to nothing. `enrich`: the query could not be asked; `expression`: a value that goes in or comes out cannot be used. */
export interface LookupFailure {
  readonly failure: 'enrich' | 'expression';
  /** One line that names the lookup, and holds no value. */
  readonly message: string;
}

export interface HookLookupsOptions {
  readonly table: WatchedTable;
  readonly codecs: Codecs;
  readonly enrich: ReadonlyMap<string, EnrichConfig>;
  readonly lookups: ReadonlyMap<string, Lookup>;
}

interface Entry {
  readonly name: string;
  readonly lookup: Lookup;
  readonly parameters: readonly { readonly source: string; readonly of: Parameter }[];
}

/** What one hook looks up, for one version of its table. */
export class HookLookups {
  /** Those of a wave use what earlier ones found, and are asked together. */
  readonly #waves: Entry[][] = [];
  readonly #builder: ActivationBuilder;

  constructor({ table, codecs, enrich, lookups }: HookLookupsOptions) {
    const { columns } = table.relation;
    const known = columns.map(({ name, typeOid }): ExpressionColumn => ({ name, celType: codecs.celType(typeOid) }));
    const references: References[] = [];
    const waveOf = new Map<string, number>();
    for (const [name, { sql }] of enrich) {
      const lookup = lookups.get(name);
      if (lookup === undefined) throw new RangeError(`no lookup ${name}`);
      let wave = 0;
      const parameters = sql.filter((part) => typeof part !== 'string').map((expression: Expression) => {
        const { of, uses, columns: needs } = compileParameter(expression, { table, codecs, columns: known, earlier: [...waveOf.keys()] });
        if (needs !== null) references.push(needs);
        wave = Math.max(wave, ...uses.map((use) => (waveOf.get(use) ?? 0) + 1));
        return { source: expression.source, of };
      });
      waveOf.set(name, wave);
      (this.#waves[wave] ??= []).push({ name, lookup, parameters });
    }
    const fields = columns.map(({ name, typeOid }, column) => ({ name, column, value: codecs.value(typeOid) }));
    this.#builder = new ActivationBuilder(allReferences(references), fields, table.redacted);
  }

  /** What is found, by name. The event must stay as it is meanwhile. */
  async find(event: Event, id: string): Promise<{ readonly found: Values } | LookupFailure> {
    let own: Activation;
    try {
      own = this.#builder.build(event, id);
    } catch (error) {
      return { failure: 'expression', message: `enrich: ${unusable(error)}` };
    }
    const found: Record<string, unknown> = {};
    for (const wave of this.#waves) {
      const activation: Activation = { ...found, ...own };
      const answers = await Promise.all(wave.map((entry) => ask(entry, event, activation)));
      for (const [index, { name }] of wave.entries()) {
        const answer = answers[index];
        if (answer === undefined || 'failure' in answer) return answer ?? { failure: 'enrich', message: `enrich.${name}: no answer` };
        found[name] = answer.value;
      }
    }
    return { found };
  }
}

async function ask({ name, lookup, parameters }: Entry, event: Event, activation: Activation): Promise<{ readonly value: unknown } | LookupFailure> {
  const values: Argument[] = [];
  try {
    for (const { source, of } of parameters) {
      const parameter = of(event, activation);
      if (!('value' in parameter)) return { failure: 'expression', message: `enrich.${name}: ${parameter.message}, in \${{ ${oneLine(source)} }}` };
      values.push(parameter.value);
    }
    const answer = await lookup.ask(values);
    if (!('failure' in answer)) return answer;
    return { failure: answer.isFinal === true ? 'expression' : 'enrich', message: `enrich.${name}: ${answer.failure}` };
  } catch (error) {
    return { failure: 'expression', message: `enrich.${name}: ${unusable(error)}` };
  }
}

/** Of a value that made an error, which may quote it. Another attempt would end in the same way. */
function unusable(error: unknown): string {
  return error instanceof RangeError && error.message.includes('call stack') ? 'a value is nested too deeply to be read' : 'a value cannot be read';
}

interface CompiledParameter {
  readonly of: Parameter;
  /** Names of other lookups. */
  readonly uses: readonly string[];
  /** What it needs in the activation; null for nothing. */
  readonly columns: References | null;
}

interface Scope {
  readonly table: WatchedTable;
  readonly codecs: Codecs;
  readonly columns: readonly ExpressionColumn[];
  readonly earlier: readonly string[];
}

/** An expression that does not fit the table any more fails on every event. */
function compileParameter({ source }: Expression, { table, codecs, columns, earlier }: Scope): CompiledParameter {
  try {
    const compiled = compileExpression(source, columns, earlier);
    if (compiled.bare !== null) return { of: columnParameter(compiled.bare, table, codecs), uses: [], columns: null };
    return { of: evaluatedParameter(compiled), uses: compiled.lookups, columns: compiled.columns };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const failure: EvaluationFailure = { message: error.message };
    return { of: () => failure, uses: [], columns: null };
  }
}

/** So much of an expression is shown in a message, in UTF-16 units. */
const SHOWN = 120;

function oneLine(source: string): string {
  const line = source.trim().replaceAll(/\s+/g, ' ');
  return line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line;
}
