/** `0–3, 7`. @param numbers in order */
export function ranges(numbers: readonly number[]): string {
  const parts: [first: number, last: number][] = [];
  for (const number of numbers) {
    const current = parts.at(-1);
    if (current !== undefined && current[1] === number - 1) current[1] = number;
    else parts.push([number, number]);
  }
  return parts.map(([first, last]) => (first === last ? String(first) : `${first}${last - first === 1 ? ', ' : '–'}${last}`)).join(', ');
}
