import { EXIT, WalhookError } from './errors.ts';

/** Where a source's deliveries go for workers to take them from (`engine`). */
export interface EnginePlace {
  /** The Kafka cluster's own id. */
  readonly cluster: string;
  readonly topic: string;
}

/** Where the deliveries of a slot went last: it outlives the configuration that says so, for what workers have not delivered is there still. */
export interface EnginePlaceStore {
  load(): Promise<EnginePlace | null>;
  save(place: EnginePlace): Promise<void>;
  forget(): Promise<void>;
}

/** What is in the engine's topic, and nobody may ever deliver, in a sentence; null if the configuration has the engine where it was. */
export function leftBehind(was: EnginePlace | null, is: EnginePlace | null): string | null {
  if (was === null || (was.cluster === is?.cluster && was.topic === is.topic)) return null;
  return `deliveries went to topic ${was.topic} of Kafka cluster ${was.cluster}, which \`engine\` of the configuration does not have any more: what workers have not delivered is there still`;
}

/** What to do about it. */
export const LEFT_BEHIND_HINT =
  'put `engine` back as it was, and let the workers deliver all (walhook status: lag 0) before it is changed; then, or if what is there is given up: walhook resync --accept-gap';

/** @throws WalhookError `engine_left` if something may be left behind */
export function refuseLeftBehind(was: EnginePlace | null, is: EnginePlace | null): void {
  const left = leftBehind(was, is);
  if (left !== null) throw new WalhookError(left, { code: 'engine_left', hint: LEFT_BEHIND_HINT, exit: EXIT.checkFailed });
}
