import { didYouMean } from '../closest.ts';
import { boundName, type CelNode, children, comparedWithNull, isLiteral, isVariable, memberOf, operands } from './cel-node.ts';
import { ExpressionError, type References } from './expression.ts';

/** What to look names up in. */
export interface Names {
  readonly columns: ReadonlySet<string>;
  readonly eventFields: ReadonlySet<string>;
  /** Of `enrich`. */
  readonly lookups: readonly string[];
}

export interface FoundReferences extends References {
  /** The names of `enrich` that the expression uses. */
  readonly lookups: readonly string[];
}

/**
 * Which values an expression needs. Throws an ExpressionError for a column or field there is not, and where a row is used as a
 * whole: the expression then could not be given those values alone.
 */
export function findReferences(root: CelNode, source: string, names: Names): FoundReferences {
  const row = new Set<string>();
  const old = new Set<string>();
  const lookups = new Set<string>();
  let usesOld = false;
  let changed = false;
  let event = false;

  const refuse = (message: string, node: CelNode): never => {
    throw new ExpressionError(message, source, node.pos);
  };

  const column = (name: string, node: CelNode): string => {
    if (names.columns.has(name)) return name;
    return refuse(`no column ${JSON.stringify(name)}${didYouMean(name, names.columns)}`, node);
  };

  const visitMember = (node: CelNode): boolean => {
    const member = memberOf(node);
    if (member === null) return false;
    const { variable, name } = member;
    const [, index] = operands(node);
    const place = node.op === '[]' && index !== undefined ? index : node;
    if (variable === 'changed') {
      changed = true;
      if (name === null) visit(place);
      else column(name, place);
    } else if (name === null) {
      refuse(`${variable}[…] takes a name in quotes`, place);
    } else if (variable === 'event') {
      event = true;
      if (!names.eventFields.has(name)) refuse(`no field ${JSON.stringify(name)} in event${didYouMean(name, names.eventFields)}`, place);
    } else {
      (variable === 'row' ? row : old).add(column(name, place));
      usesOld ||= variable === 'old';
    }
    return true;
  };

  const visit = (node: CelNode): void => {
    if (visitMember(node)) return;
    const bound = boundName(node);
    if (isVariable(bound) || (bound !== null && names.lookups.includes(bound))) refuse(`${bound} has a meaning already: name the variable otherwise`, node);
    const tested = comparedWithNull(node);
    if (tested?.op === 'id' && tested.args === 'old') {
      usesOld = true;
      return;
    }
    if (node.op === 'id' && names.lookups.includes(node.args as string)) lookups.add(node.args as string);
    if (node.op === 'id' && isVariable(node.args)) {
      if (node.args !== 'changed') refuse(`${node.args} is used as a whole: name a column, as in ${node.args}.id`, node);
      changed = true;
    }
    if (node.op === 'in') {
      const [key, set] = operands(node);
      if (set?.op === 'id' && set.args === 'changed' && isLiteral(key) && typeof key.args === 'string') column(key.args, key);
    }
    children(node).forEach(visit);
  };

  visit(root);
  return { row: [...row], old: [...old], usesOld, changed, event, lookups: [...lookups] };
}

/** What several expressions need in all. */
export function allReferences(all: readonly References[]): References {
  return {
    row: [...new Set(all.flatMap(({ row }) => row))],
    old: [...new Set(all.flatMap(({ old }) => old))],
    usesOld: all.some(({ usesOld }) => usesOld),
    changed: all.some(({ changed }) => changed),
    event: all.some(({ event }) => event),
  };
}
