/**
 * A node of cel-js's syntax tree as it is at run time. Its published types stop at `op` and `args`; what is declared here besides
 * is what cel-js 8.0.0 itself goes by, and `test/expression/filter.test.ts` fails where a newer one does otherwise.
 */
export interface CelNode {
  readonly op: string;
  readonly args: unknown;
  /** Where it is best pointed at, and where its text begins and ends, in UTF-16 units. */
  readonly pos: number;
  readonly start: number;
  readonly end: number;
  readonly meta: {
    /** What a macro (`exists`, `map`) was expanded to, and stands in its place. */
    readonly alternate?: CelNode;
    /** A macro that evaluates itself: `has`, `cel.bind`. */
    readonly macro?: { readonly args?: readonly CelNode[]; readonly var?: string; readonly val?: CelNode; readonly exp?: CelNode };
  };
  /** Set by the type check. */
  readonly checkedType?: { readonly name: string };
  /** What the type check chose to do with the operands' values. */
  readonly handle?: (...values: readonly unknown[]) => unknown;
  evaluate: Evaluate;
  check: Check;
}

/** The type of a node, which it throws if it has none. */
export type Check = (checker: Checker, node: CelNode, context: unknown) => unknown;

export interface Checker {
  getType(name: string): unknown;
}

export type Evaluate = (evaluator: Evaluator, node: CelNode, context: Context) => unknown;

export interface Evaluator {
  run(node: CelNode, context: Context): unknown;
  /** The same, but gives an error instead of throwing it. */
  tryEval(node: CelNode, context: Context): unknown;
}

export interface Context {
  getValue(name: string): unknown;
}

/** What a macro over a list or map is expanded to. */
export interface Comprehension {
  readonly iterable: CelNode;
  readonly init: CelNode;
  readonly step: CelNode;
  readonly iterVarName: string;
}

/** The variables of walhook's expressions. */
export const VARIABLES = ['row', 'old', 'changed', 'event'] as const;
export type Variable = (typeof VARIABLES)[number];

export function isVariable(name: unknown): name is Variable {
  return VARIABLES.some((variable) => variable === name);
}

/** Operands of an operator that has a fixed number of them; `.` has its field's name instead of a second. */
export function operands(node: CelNode): readonly CelNode[] {
  return node.args as readonly CelNode[];
}

/** The nodes whose values a node is made of. */
export function children(node: CelNode): readonly CelNode[] {
  const { alternate, macro } = node.meta;
  if (alternate !== undefined) return [alternate];
  if (macro !== undefined) return macro.val !== undefined && macro.exp !== undefined ? [macro.val, macro.exp] : (macro.args ?? []);
  switch (node.op) {
    case 'value':
    case 'id':
    case 'accuValue':
    case 'accuInc':
      return [];
    case 'accuPush':
    case '!_':
    case '-_':
      return [node.args as CelNode];
    case '.':
      return operands(node).slice(0, 1);
    case 'call':
      return (node.args as readonly [string, readonly CelNode[]])[1];
    case 'rcall': {
      const [, receiver, args] = node.args as readonly [string, CelNode, readonly CelNode[]];
      return [receiver, ...args];
    }
    case 'map':
      return (node.args as readonly (readonly CelNode[])[]).flat();
    case 'comprehension': {
      const { iterable, init, step } = node.args as Comprehension;
      return [iterable, init, step];
    }
    default:
      return operands(node);
  }
}

export function isLiteral(node: CelNode | undefined): node is CelNode {
  return node?.op === 'value' && node.meta.alternate === undefined;
}

/** A name that a node binds for the nodes within it: `t` in `row.tags.exists(t, …)`. */
export function boundName(node: CelNode): string | null {
  if (node.op === 'comprehension') return (node.args as Comprehension).iterVarName;
  return node.meta.macro?.var ?? null;
}

/** `row.email` and `row['email']`, of any of the variables. `name` is null where it is worked out: `changed[…]`. */
export interface Member {
  readonly variable: Variable;
  readonly name: string | null;
}

export function memberOf(node: CelNode): Member | null {
  if (node.op !== '.' && node.op !== '[]') return null;
  const [base, key] = node.args as readonly [CelNode, CelNode | string];
  if (base.op !== 'id' || !isVariable(base.args)) return null;
  const literal = typeof key === 'string' ? key : isLiteral(key) ? key.args : null;
  return { variable: base.args, name: typeof literal === 'string' ? literal : null };
}

/** For `x == null` and `x != null`, either way round: the x. */
export function comparedWithNull(node: CelNode): CelNode | null {
  if (node.op !== '==' && node.op !== '!=') return null;
  const [left, right] = operands(node);
  if (left === undefined || right === undefined) return null;
  if (isLiteral(right) && right.args === null) return left;
  return isLiteral(left) && left.args === null ? right : null;
}
