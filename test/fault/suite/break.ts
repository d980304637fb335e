import { registerHooks } from 'node:module';
import { ENGINE_BREAKAGES } from '../engine/engine-breakages.ts';
import { BREAKAGES, broken, moduleOf } from './breakages.ts';

/*
 * Preloaded into a daemon that is to be broken: puts another text for one of its modules as that is loaded. Which
 * breakage: BREAKAGE in the environment. Fails at once if the text to be replaced is not there.
 */

const name = process.env['BREAKAGE'] ?? '';
const breakage = BREAKAGES[name] ?? ENGINE_BREAKAGES[name];
if (breakage === undefined) throw new Error(`there is no breakage "${name}": ${Object.keys({ ...BREAKAGES, ...ENGINE_BREAKAGES }).join(', ')}`);
const { url, source } = moduleOf(breakage);
const text = broken(breakage, source);

registerHooks({
  load: (wanted, context, next) => {
    const loaded = next(wanted, context);
    return wanted === url ? { ...loaded, source: text } : loaded;
  },
});
