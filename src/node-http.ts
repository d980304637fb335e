/**
 * `node:http`, without what an `import` of it brings: that reads all of the module's exports, one of which loads Node's own copy of
 * undici, which takes 14 MB and 60 ms. https://nodejs.org/docs/latest-v24.x/api/process.html#processgetbuiltinmoduleid
 */
export const http = process.getBuiltinModule('node:http');
