type Contenders = Readonly<Record<string, () => Promise<unknown>>>;
type Results<C extends Contenders> = { [Name in keyof C]: Awaited<ReturnType<C[Name]>>[] };

/**
 * Runs contenders in turn, round after round, so that whatever else the machine does hits all of them alike. What each of
 * them gave, a value a round, in the order of the rounds.
 */
export async function inTurn<C extends Contenders>(rounds: number, contenders: C): Promise<Results<C>> {
  const all = Object.entries(contenders).map(([name, run]) => ({ name, run, results: [] as unknown[] }));
  for (let round = 0; round < rounds; round++) {
    for (const { run, results } of all) results.push(await run());
  }
  return Object.fromEntries(all.map(({ name, results }) => [name, results])) as Results<C>;
}
