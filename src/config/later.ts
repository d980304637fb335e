import type { Path } from './tree.ts';

/** Options of walhook's contract that this version does not have. Refused by name, so that nobody believes in one that does nothing. */
export const LATER: readonly (readonly string[])[] = [
  ['tests'],
];

/** True if there is to be an option at this path one day. Options whose words are to come are in `schema.ts`. */
export function comesLater(path: Path): boolean {
  return LATER.some((option) => option.length === path.length && option.every((step, index) => step === '*' || step === path[index]));
}
