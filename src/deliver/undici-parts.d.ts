/**
 * The parts of undici that send. Its main module loads all the others as well (fetch, websockets, caches, mocks), a megabyte of
 * source that a daemon would keep in memory. undici has no `exports`, so that its files can be asked for by their names;
 * `test/commands/loaded.test.ts` fails if they move.
 */
declare module 'undici/lib/dispatcher/client.js' {
  import { Client } from 'undici';
  export default Client;
}
declare module 'undici/lib/core/connect.js' {
  import { buildConnector } from 'undici';
  export default buildConnector;
}
