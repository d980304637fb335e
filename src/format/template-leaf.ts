import type { Expression } from '../template.ts';
import type { CompiledExpression } from '../expression/compile-expression.ts';
import type { Activation } from '../expression/expression.ts';
import { jsonOf, textOfJson } from '../expression/value-text.ts';
import type { TemplateScope } from './template-scope.ts';
import { Unrenderable } from './unrenderable.ts';

/** Stands for a value that the WAL does not carry. No JSON is empty. */
export const LEFT_OUT = '';

/** An expression of a template. */
export interface Leaf {
  /** JSON text of its value, or LEFT_OUT. Throws an Unrenderable. */
  json(scope: TemplateScope): string;
}

/** The value as text; null for null. Throws an Unrenderable, for LEFT_OUT too: what is half there is not sent. */
export function leafText(leaf: Leaf, scope: TemplateScope, { option, source }: LeafPlace): string | null {
  const json = leaf.json(scope);
  if (json === LEFT_OUT) throw failed(option, source, 'the WAL does not carry it (it does with REPLICA IDENTITY FULL)');
  return textOfJson(json);
}

/** Where an expression stands, for messages. */
export interface LeafPlace {
  /** `body.fullName`, `headers.X-Table`. */
  readonly option: string;
  readonly source: string;
}

/** An expression that CEL evaluates. */
export function evaluatedLeaf(expression: CompiledExpression, option: string, largeNumbers: 'number' | 'string'): Leaf {
  const { source } = expression;
  return {
    json(scope) {
      const result = expression.evaluate(activationOf(scope, option, source));
      if (!('value' in result)) throw failed(option, source, result.message);
      try {
        return jsonOf(result.value, largeNumbers);
      } catch {
        throw failed(option, source, 'its value has no JSON');
      }
    },
  };
}

/** A json value that is nested thousands of levels deep is more than the stack can take: another attempt would not help. */
function activationOf(scope: TemplateScope, option: string, source: string): Activation {
  try {
    return scope.activation;
  } catch (error) {
    if (error instanceof RangeError) throw failed(option, source, 'a value cannot be read');
    throw error;
  }
}

/** An expression that does not fit the table any more, because a column it names is gone or has another type. */
export function brokenLeaf({ source }: Expression, option: string, message: string): Leaf {
  return {
    json() {
      throw failed(option, source, message);
    },
  };
}

/** So much of an expression is shown in a message, in UTF-16 units. */
const SHOWN = 120;

export function failed(option: string, source: string, message: string): Unrenderable {
  const line = source.trim().replaceAll(/\s+/g, ' ');
  return new Unrenderable(`${option}: ${message}, in \${{ ${line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line} }}`);
}
