import type { Suite } from '../suite.ts';
import type { BareDispatchAnswer, BareDispatchInput } from './bare-dispatch.ts';

const MODULE = new URL('bare-dispatch.ts', import.meta.url);

/** L2: see bare-dispatch.ts. */
export function bareDispatch(suite: Suite, input: BareDispatchInput): Promise<BareDispatchAnswer> {
  return suite.task<BareDispatchAnswer>(MODULE, input).answer;
}
