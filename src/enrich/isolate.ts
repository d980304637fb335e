/** Groups that are tried at a time. */
const AT_ONCE = 2;

export interface Isolation<Item> {
  /** Does it for all of them, or for none: gives the error then, else null. */
  readonly attempt: (group: readonly Item[]) => Promise<unknown>;
  /** It cannot be done for this one. */
  readonly onFailure: (item: Item, error: unknown) => void;
}

/**
 * Finds those for which it cannot be done, so that it is done for the others: what failed as a whole is tried in halves, and those again
 * in halves. One among five hundred costs eighteen attempts.
 */
export async function isolate<Item>(failed: readonly Item[], { attempt, onFailure }: Isolation<Item>): Promise<void> {
  const groups = halves(failed);
  const work = async (): Promise<void> => {
    for (let group = groups.pop(); group !== undefined; group = groups.pop()) {
      const error = await attempt(group);
      const [first] = group;
      if (error === null || first === undefined) continue;
      if (group.length === 1) onFailure(first, error);
      else groups.push(...halves(group));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

function halves<Item>(items: readonly Item[]): (readonly Item[])[] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)].filter((half) => half.length > 0);
}
