import { type CelNode, children, type Comprehension, comparedWithNull, type Evaluate, isLiteral, memberOf, operands } from './cel-node.ts';
import type { Values } from './expression.ts';
import { isMatch, PatternError } from './regular-expression.ts';
import { Withheld } from './withheld.ts';

/**
 * Gives an expression SQL's nulls, so that `when` selects what the same WHERE would:
 * - an operator or function with a null operand is null, and so is a field that is not there (`->` in SQL);
 * - `&&`, `||` and `!` are those of SQL: `false && null` is false, `true && null` and `!null` are null;
 * - `x == null` and `x != null`, with null written out, are IS NULL and IS NOT NULL;
 * - `default` is COALESCE;
 * - a condition that is null does not hold.
 *
 * CEL itself has an error in each of these places. cel-js resolves operators when it checks types; here each node's `evaluate` is
 * replaced by one that looks for null first, and else does what cel-js chose. To be called once, before anything is evaluated.
 */
export function applySqlNulls(node: CelNode, lookups: readonly string[]): void {
  for (const child of children(node)) applySqlNulls(child, lookups);
  const evaluate = evaluationOf(node, lookups);
  if (evaluate !== null) node.evaluate = evaluate;
}

function evaluationOf(node: CelNode, lookups: readonly string[]): Evaluate | null {
  const { alternate, macro } = node.meta;
  if (alternate !== undefined) return null;
  if (macro !== undefined) return macro.args?.[0] !== undefined && macro.val === undefined ? has(macro.args[0]) : null;
  const tested = comparedWithNull(node);
  if (tested !== null) return isNull(tested, node.op === '==');
  switch (node.op) {
    case 'value':
    case 'accuValue':
    case 'accuInc':
    case 'accuPush':
      return null;
    case 'map':
      return literalMap(node);
    case 'id':
      return node.args === 'changed' || node.args === 'old' || lookups.includes(node.args as string) ? (_ev, _node, context) => context.getValue(node.args as string) ?? null : null;
    case 'list':
      return constantList(node);
    case '.':
    case '[]':
      return access(node);
    case '&&':
      return and;
    case '||':
      return or;
    case '!_':
    case '-_':
      return strictUnary;
    case '?:':
      return conditional;
    case 'in':
      return isIn;
    case 'call':
      if ((node.args as readonly [string])[0] === 'default') return coalesce;
      return strictCall(children(node), (handle, values, ev) => handle(values, node, ev));
    case 'rcall':
      // cel-js's own `matches` is JavaScript's: see regular-expression.ts.
      if ((node.args as readonly unknown[])[0] === 'matches') return strictCall(children(node), (_handle, [text, pattern]) => matches(node, text as string, pattern as string));
      return strictCall(children(node), (handle, values, ev) => handle(values, ev, node));
    case 'comprehension':
      return comprehension;
    default:
      return strictBinary;
  }
}

const strictBinary: Evaluate = (ev, node, context) => {
  const [left, right] = node.args as readonly [CelNode, CelNode];
  const l = ev.run(left, context);
  if (l === null) return null;
  const r = ev.run(right, context);
  return r === null ? null : handleOf(node)(l, r, node, ev);
};

const strictUnary: Evaluate = (ev, node, context) => {
  const value = ev.run(node.args as CelNode, context);
  return value === null ? null : handleOf(node)(value, node, ev);
};

function matches(node: CelNode, text: string, pattern: string): boolean {
  try {
    return isMatch(text, pattern);
  } catch (error) {
    if (error instanceof PatternError) error.range = { start: node.start };
    throw error;
  }
}

function strictCall(
  parts: readonly CelNode[],
  call: (handle: NonNullable<CelNode['handle']>, values: unknown[], ev: unknown) => unknown,
): Evaluate {
  return (ev, node, context) => {
    const values: unknown[] = [];
    for (const part of parts) {
      const value = ev.run(part, context);
      if (value === null) return null;
      values.push(value);
    }
    return call(handleOf(node), values, ev);
  };
}

const coalesce: Evaluate = (ev, node, context) => {
  for (const part of children(node)) {
    const value = ev.run(part, context);
    if (value !== null) return value;
  }
  return null;
};

const comprehension: Evaluate = (ev, node, context) => {
  const args = node.args as Comprehension;
  const items = ev.run(args.iterable, context);
  return items === null ? null : handleOf(node)(items, args, ev, context);
};

const conditional: Evaluate = (ev, node, context) => {
  const [condition] = operands(node);
  const holds = condition === undefined ? false : ev.run(condition, context);
  return handleOf(node)(holds === null ? false : holds, ev, node, context);
};

// As in CEL, an error on one side does not count where the other side decides.
const and: Evaluate = (ev, node, context) => logical(false, ev.tryEval(operand(node, 0), context), () => ev.run(operand(node, 1), context));
const or: Evaluate = (ev, node, context) => logical(true, ev.tryEval(operand(node, 0), context), () => ev.run(operand(node, 1), context));

function logical(decisive: boolean, left: unknown, evaluateRight: () => unknown): boolean | null {
  if (left === decisive) return decisive;
  const right = evaluateRight();
  if (right === decisive) return decisive;
  if (left instanceof Error) throw left;
  if (!isTruth(left) || !isTruth(right)) throw Object.assign(new Error('not a boolean'), { code: 'invalid_logical_operand' });
  return left === null || right === null ? null : !decisive;
}

function isTruth(value: unknown): value is boolean | null {
  return typeof value === 'boolean' || value === null;
}

function isNull(operandNode: CelNode, yes: boolean): Evaluate {
  return (ev, _node, context) => (ev.run(operandNode, context) === null) === yes;
}

/** `has(row.email)`: not null. Of a map: the key is there. */
function has(field: CelNode): Evaluate {
  const member = memberOf(field);
  if (member !== null && member.variable !== 'changed') return isNull(field, false);
  return (ev, _node, context) => {
    const [base, key] = field.args as readonly [CelNode, string];
    const value = ev.run(base, context);
    return isRecord(value) && Object.hasOwn(value, key);
  };
}

function access(node: CelNode): Evaluate {
  const member = memberOf(node);
  if (member !== null && member.name !== null) {
    const { variable, name } = member;
    return (_ev, _node, context) => {
      const value = (context.getValue(variable) as Values | null | undefined)?.[name] ?? null;
      if (value instanceof Withheld) throw value;
      return value;
    };
  }
  const [base, key] = node.args as readonly [CelNode, CelNode | string];
  if (typeof key === 'string') return (ev, _node, context) => elementOf(ev.run(base, context), key);
  return (ev, _node, context) => elementOf(ev.run(base, context), ev.run(key, context));
}

function elementOf(container: unknown, key: unknown): unknown {
  if (Array.isArray(container)) return typeof key === 'bigint' || typeof key === 'number' ? (container[Number(key)] ?? null) : null;
  return typeof key === 'string' && isRecord(container) && Object.hasOwn(container, key) ? (container[key] ?? null) : null;
}

const isIn: Evaluate = (ev, node, context) => {
  const value = ev.run(operand(node, 0), context);
  if (value === null) return null;
  const set = ev.run(operand(node, 1), context);
  if (set === null) return null;
  // Keys of objects and scalars in lists here, for cel-js looks for an overload each time; the rest is its own.
  if (typeof value === 'object') return handleOf(node)(value, set, node, ev);
  if (Array.isArray(set)) return set.includes(value) || (isNumber(value) && set.some((one) => isNumber(one) && sameNumber(one, value)));
  return isRecord(set) ? typeof value === 'string' && Object.hasOwn(set, value) : handleOf(node)(value, set, node, ev);
};

/** A list of literals, made once. Not an empty one: macros such as `map` begin with one, and put their items into it. */
function constantList(node: CelNode): Evaluate | null {
  const elements = operands(node);
  if (elements.length === 0 || !elements.every(isLiteral)) return null;
  const list = elements.map((element) => element.args);
  return () => list;
}

/** cel-js leaves out keys that JavaScript gives a meaning to, such as `constructor`. */
function literalMap(node: CelNode): Evaluate {
  const entries = node.args as readonly (readonly [CelNode, CelNode])[];
  return (ev, _node, context) => {
    const map = Object.create(null) as Record<string, unknown>;
    for (const [key, value] of entries) map[String(ev.run(key, context))] = ev.run(value, context);
    return map;
  };
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** Exact, also where one is an integer beyond 2^53 and the other a double. */
export function sameNumber(a: number | bigint, b: number | bigint): boolean {
  // oxlint-disable-next-line eqeqeq -- the one operator that compares a bigint with a number by value
  return a == b;
}

/** An object as JSON or walhook makes it. */
function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function operand(node: CelNode, index: 0 | 1): CelNode {
  const [left, right] = node.args as readonly [CelNode, CelNode];
  return index === 0 ? left : right;
}

function handleOf(node: CelNode): NonNullable<CelNode['handle']> {
  if (node.handle === undefined) throw new Error(`cel-js has no handler for ${node.op}`);
  return node.handle;
}
