/** Groups that are tried at a time. */
const AT_ONCE = 2;

export interface Isolation<Item, Failure> {
  /** Does it for all of them, or for none: says why then, else null. */
  readonly attempt: (group: readonly Item[]) => Promise<Failure | null>;
  /** It cannot be done for this one. */
  readonly onFailure: (item: Item, failure: Failure) => void;
}

/**
 * Finds those for which it cannot be done, so that it is done for the others: what failed as a whole is tried in halves, and those again
 * in halves. One among five hundred costs eighteen attempts.
 */
export async function isolate<Item, Failure>(failed: readonly Item[], { attempt, onFailure }: Isolation<Item, Failure>): Promise<void> {
  const groups = halves(failed);
  const work = async (): Promise<void> => {
    for (let group = groups.pop(); group !== undefined; group = groups.pop()) {
      const failure = await attempt(group);
      const [first] = group;
      if (failure === null || first === undefined) continue;
      if (group.length === 1) onFailure(first, failure);
      else groups.push(...halves(group));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

function halves<Item>(items: readonly Item[]): (readonly Item[])[] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)].filter((half) => half.length > 0);
}
