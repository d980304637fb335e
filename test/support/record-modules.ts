import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

/**
 * To be imported before a program: writes which modules it has loaded by its end into the file that LOADED_LIST names, in
 * the order in which they came: `zod/index.js`, `src/daemon.ts`; then Node's own, as `node:internal/url`.
 */
const loaded = new Set<string>();
registerHooks({
  load(url, context, next) {
    const file = /.*\/node_modules\/(.*)$/.exec(url)?.[1] ?? /.*\/(src\/.*)$/.exec(url)?.[1];
    if (file !== undefined) loaded.add(file);
    return next(url, context);
  },
});
const list = process.env['LOADED_LIST'];
const ownOf = ({ moduleLoadList = [] }: { readonly moduleLoadList?: readonly string[] }): string[] => moduleLoadList.map((name) => name.replace(/^NativeModule /, 'node:'));
if (list !== undefined) process.on('exit', () => writeFileSync(list, JSON.stringify([...loaded, ...ownOf(process as object)])));
