import type { Config } from '../config.ts';
import { LEFT_BEHIND_HINT, leftBehind } from '../engine-place.ts';
import { WalhookError } from '../errors.ts';
import { error, type Finding } from '../finding.ts';
import { enginePlaceOf } from '../open-engine.ts';
import { enginePlace } from '../store/engine-place.ts';
import { StateReader } from './state-reader.ts';

/** Whether deliveries went elsewhere before. Nothing where state or brokers cannot be asked, of which other findings tell. */
export async function engineLeft(config: Config): Promise<Finding[]> {
  const state = new StateReader(config);
  try {
    const left = leftBehind(await enginePlace(await state.open(), config.source.slot), await enginePlaceOf(config));
    return left === null ? [] : [error({ code: 'engine_left', message: left, fix: LEFT_BEHIND_HINT, path: config.engine === null ? 'engine' : 'engine.kafka' })];
  } catch (failure) {
    if (failure instanceof WalhookError) return [];
    throw failure;
  } finally {
    await state.close();
  }
}
