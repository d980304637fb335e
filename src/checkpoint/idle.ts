import type { Position } from '../position.ts';

/** While nothing is delivered the LSN still advances, because others write. It is stored at most so often, in milliseconds. */
const IDLE_STORE = 1_000;
/**
 * An advance of fewer bytes over nothing of ours is not stored by itself. Storing it writes WAL too, some 600 bytes of
 * it, which would be the next advance: on an idle database that would go on for ever.
 */
const SMALL_ADVANCE = 2_048n;

/** Of an advance over nothing of ours, `age` milliseconds after the last one was stored: whether it is worth a write. */
export function isWorthStoring({ lsn, within }: Position, stored: Position, age: number): boolean {
  return within !== null || (lsn - stored.lsn >= SMALL_ADVANCE && age >= IDLE_STORE);
}
