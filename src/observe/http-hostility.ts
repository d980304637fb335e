/** Objects within objects. */
export const MOST_DEEP = 64;

/**
 * What no request of this API holds, whatever its schema: deep nesting, a key that objects have a meaning for, and U+0000, which
 * Postgres has no text with. Looks without recursion, so that no depth is too deep for it.
 *
 * @param value parsed JSON.
 * @returns why it is refused; null: it is not.
 */
export function hostility(value: unknown): string | null {
  const waiting: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next.value === 'string' && next.value.includes('\0')) return 'must not hold U+0000';
    if (typeof next.value !== 'object' || next.value === null) continue;
    const depth = next.depth + 1;
    if (depth > MOST_DEEP) return `must not be nested more than ${MOST_DEEP} deep`;
    for (const [name, member] of Object.entries(next.value)) {
      if (name === '__proto__') return 'must not have a key __proto__';
      if (name.includes('\0')) return 'must not hold U+0000';
      waiting.push({ value: member, depth });
    }
  }
  return null;
}
