import type { Part } from '../engine/port.ts';

/** A member as the one that deals sees it. */
export interface Seated {
  readonly id: string;
  /** What it had before, as a hint: it has let go of it. */
  readonly had: readonly Part[];
  /** In which generation it had that. */
  readonly generation: number;
}

/** Gives each part to one member, as evenly as can be; each keeps of what it had as many as are its share. */
export function dealEvenly(parts: readonly Part[], members: readonly Seated[]): Map<string, Part[]> {
  const sorted = members.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const hands = new Map<string, Part[]>(sorted.map(({ id }) => [id, []]));
  const holders = lastHolders(members);
  // Those who had more are the ones that keep the odd one, or else it would move for nothing.
  const byHad = sorted.toSorted((a, b) => held(holders, parts, b.id) - held(holders, parts, a.id));
  const share = new Map(byHad.map(({ id }, place) => [id, Math.floor(parts.length / members.length) + (place < parts.length % members.length ? 1 : 0)]));
  const left = parts.filter((part) => {
    const id = holders.get(nameOf(part));
    const hand = id === undefined ? undefined : hands.get(id);
    if (id === undefined || hand === undefined || hand.length >= (share.get(id) ?? 0)) return true;
    hand.push(part);
    return false;
  });
  for (const { id } of byHad) {
    const hand = hands.get(id) ?? [];
    hand.push(...left.splice(0, (share.get(id) ?? 0) - hand.length));
  }
  return hands;
}

/** Gives all parts to one member: to the one that had them, else to the first by its id. */
export function dealToOne(parts: readonly Part[], members: readonly Seated[]): Map<string, Part[]> {
  const sorted = members.toSorted((a, b) => b.generation - a.generation || (a.id < b.id ? -1 : 1));
  const one = sorted.find(({ had }) => had.length > 0) ?? members.toSorted((a, b) => (a.id < b.id ? -1 : 1))[0];
  return new Map(members.map((member) => [member.id, member.id === one?.id ? [...parts] : []]));
}

/** Who had each part last: a member that was away may think that it had what others have had since. */
function lastHolders(members: readonly Seated[]): Map<string, string> {
  const holders = new Map<string, { readonly id: string; readonly generation: number }>();
  for (const { id, had, generation } of members) {
    for (const part of had) {
      const other = holders.get(nameOf(part));
      if (other === undefined || other.generation < generation) holders.set(nameOf(part), { id, generation });
    }
  }
  return new Map([...holders].map(([name, { id }]) => [name, id]));
}

function held(holders: ReadonlyMap<string, string>, parts: readonly Part[], id: string): number {
  return parts.filter((part) => holders.get(nameOf(part)) === id).length;
}

function nameOf({ topic, partition }: Part): string {
  return `${topic}/${partition}`;
}
