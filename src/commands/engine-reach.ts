import type { Config } from '../config.ts';
import { LEFT_BEHIND_HINT, leftBehind, type EnginePlace } from '../engine-place.ts';
import { WalhookError } from '../errors.ts';
import { error, type Finding, info } from '../finding.ts';
import { enginePlaceOf, hasEngine } from '../open-engine.ts';
import { enginePlace } from '../store/engine-place.ts';
import { StateReader } from './state-reader.ts';

/** Whether the engine's brokers answer and its topic fits, and whether deliveries went elsewhere before. */
export async function engineReach(config: Config): Promise<Finding[]> {
  const path = config.engine === null ? 'engine' : 'engine.kafka';
  try {
    const missing = config.engine === null || (await hasEngine(config.engine.kafka)) ? [] : [missingTopic(config.engine.kafka.topic)];
    const left = leftBehind(await storedPlace(config), await enginePlaceOf(config));
    return [...missing, ...(left === null ? [] : [error({ code: 'engine_left', message: left, fix: LEFT_BEHIND_HINT, path })])];
  } catch (failure) {
    if (!(failure instanceof WalhookError)) throw failure;
    return [error({ code: failure.code, message: failure.message, fix: failure.hint, path })];
  }
}

function missingTopic(topic: string): Finding {
  return { ...info({ code: 'engine_topic', message: `topic ${topic} is not there yet: the first \`walhook run\` makes it`, path: 'engine.kafka.topic' }), managed: true };
}

/** Null if nothing is stored, or the state cannot be read, of which `stateFindings` tells. */
async function storedPlace(config: Config): Promise<EnginePlace | null> {
  const state = new StateReader(config);
  try {
    return await enginePlace(await state.open(), config.source.slot);
  } catch (failure) {
    if (failure instanceof WalhookError) return null;
    throw failure;
  } finally {
    await state.close();
  }
}
