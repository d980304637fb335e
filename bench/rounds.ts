/**
 * Runs contenders in turn, round after round, so that whatever else the machine does hits all of them alike. What each of
 * them gave, a value a round, in the order of the rounds.
 */
export async function inTurn<Name extends string, T>(rounds: number, contenders: Readonly<Record<Name, () => Promise<T>>>): Promise<Record<Name, T[]>> {
  const names = Object.keys(contenders) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, [] as T[]])) as Record<Name, T[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) results[name].push(await contenders[name]());
  }
  return results;
}
