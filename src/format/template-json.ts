import type { Template, TextTemplate } from '../template.ts';
import type { TemplateCompiler } from './template-compiler.ts';
import { LEFT_OUT } from './template-leaf.ts';
import type { TemplateScope } from './template-scope.ts';
import { compileText } from './template-text.ts';
import { Unrenderable } from './unrenderable.ts';

/** Writes a template's JSON for the event in scope. LEFT_OUT for an expression alone that the WAL does not carry. Throws an Unrenderable. */
export type WriteJson = (scope: TemplateScope) => string;

export interface JsonTemplateOptions {
  readonly compiler: TemplateCompiler;
  /** Entries of maps whose value is null are left out. */
  readonly omitNull: boolean;
  /** Where the template stands, for messages: `body`. */
  readonly option: string;
}

/** Compiles a tree of YAML. What has no expressions in it is JSON text from then on. */
export function compileJson(template: Template, options: JsonTemplateOptions): string | WriteJson {
  switch (template.kind) {
    case 'constant':
      return template.json;
    case 'expression': {
      const leaf = options.compiler.compile(template.expression, options.option);
      return (scope) => leaf.json(scope);
    }
    case 'text':
      return compileString(template.parts, options);
    case 'map':
      return compileMap(template.entries, options);
    case 'list':
      return compileList(template.items, options);
  }
}

function compileString(parts: TextTemplate, { compiler, option }: JsonTemplateOptions): string | WriteJson {
  const pieces = compileText(parts, { compiler, option });
  return (scope) => JSON.stringify(pieces.map((piece) => (typeof piece === 'string' ? piece : (piece(scope) ?? ''))).join(''));
}

function compileMap(entries: readonly (readonly [string, Template])[], options: JsonTemplateOptions): string | WriteJson {
  const values = entries.map(([name, value]) => compileJson(value, { ...options, option: `${options.option}.${name}` }));
  const prefixes = entries.map(([name]) => `${JSON.stringify(name)}:`);
  const omitted = options.omitNull ? 'null' : LEFT_OUT;
  return written(values, (jsons) => {
    let text = '';
    for (const [index, json] of jsons.entries()) {
      if (json !== LEFT_OUT && json !== omitted) text += `${text === '' ? '' : ','}${prefixes[index]}${json}`;
    }
    return `{${text}}`;
  });
}

function compileList(items: readonly Template[], options: JsonTemplateOptions): string | WriteJson {
  const place = (index: number): string => `${options.option}[${index}]`;
  const values = items.map((item, index) => compileJson(item, { ...options, option: place(index) }));
  return written(values, (jsons) => {
    const missing = jsons.indexOf(LEFT_OUT);
    // Without it the items behind it would have other places.
    if (missing !== -1) throw new Unrenderable(`${place(missing)}: the WAL does not carry it (it does with REPLICA IDENTITY FULL)`);
    return `[${jsons.join(',')}]`;
  });
}

/** At once if all values are constant, else for each event. */
function written(values: readonly (string | WriteJson)[], write: (jsons: readonly string[]) => string): string | WriteJson {
  const constants = values.filter((value) => typeof value === 'string');
  if (constants.length === values.length) return write(constants);
  return (scope) => write(values.map((value) => (typeof value === 'string' ? value : value(scope))));
}
