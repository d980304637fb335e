/**
 * Of so many things in a row, how many come first and are not counted: the processes are new in each round, and V8 has
 * yet to compile them. It is so for walhook and for what it is compared with. Readers of the stream do so on a slot of its own
 * and then begin again: else they would find what they were too slow for in the socket's buffers, and seem fast.
 */
export function warmUp(count: number): number {
  return Math.floor(count / 5);
}
