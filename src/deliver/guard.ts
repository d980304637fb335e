import { lookup as lookupName, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { buildConnector } from 'undici';
import makeConnector from 'undici/lib/core/connect.js';
import { type Cidr, exactRange, isBlocked } from './address.ts';
import { BLOCKED_ADDRESS } from './classify.ts';

/** Resolves a name to all of its addresses, in the resolver's order. */
export type Resolve = (
  hostname: string,
  done: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

/** The operating system's resolver: /etc/hosts counts, as for every other program of the machine. */
export const resolveBySystem: Resolve = (hostname, done) => {
  lookupName(hostname, { all: true, order: 'verbatim' }, done);
};

export interface GuardOptions {
  /** The endpoint's name, for the error's hint. */
  readonly endpoint: string;
  readonly allow: readonly Cidr[];
  readonly resolve: Resolve;
  /** Of undici's own connector: `timeout` in milliseconds, `ca`, `cert`, `key`. */
  readonly connect: buildConnector.BuildOptions;
}

/** An endpoint leads to an address that is not public and not allowed. */
export class BlockedAddressError extends Error {
  readonly code = BLOCKED_ADDRESS;

  constructor(endpoint: string, hostname: string, address: string) {
    const what = hostname === address ? address : `${hostname} is ${address}, which`;
    super(`${what} is not a public address; to allow it: endpoints.${endpoint}.network.allow: [${exactRange(address)}]`);
    this.name = 'BlockedAddressError';
  }
}

/**
 * A connector for undici that connects to public addresses and those in `allow` alone, for http and https, names and literals.
 * A name is resolved once for each connection, and node gets only the addresses that passed, so that a name cannot be one
 * address when it is checked and another when it is connected to. Of several, node tries each in turn (RFC 8305); the server name
 * and Host stay the name. The address that came out is checked once more, before anything is sent.
 */
export function guardedConnector(options: GuardOptions): buildConnector.connector {
  const connect = makeConnector({
    ...options.connect,
    // HTTP/1.1 alone: one request a connection is what `concurrency` counts.
    allowH2: false,
    autoSelectFamily: true,
    lookup: guardedLookup(options),
  });
  return (target, callback) => {
    const literal = isIP(target.hostname) !== 0;
    if (literal && isBlocked(target.hostname, options.allow)) {
      const error = new BlockedAddressError(options.endpoint, target.hostname, target.hostname);
      // As a connection's failure: never within the call.
      queueMicrotask(() => callback(error, null));
      return;
    }
    connect(target, (...[error, socket]) => {
      if (error !== null) {
        callback(error, null);
        return;
      }
      const address = socket.remoteAddress;
      if (address !== undefined && !isBlocked(address, options.allow)) {
        callback(null, socket);
        return;
      }
      socket.destroy();
      // A connection that is closed by now has no address.
      const failure = address === undefined ? coded('ECONNRESET') : new BlockedAddressError(options.endpoint, target.hostname, address);
      callback(failure, null);
    });
  };
}

/** dns.lookup's shape, giving allowed addresses alone: with a BlockedAddressError if a name has no other. Not asked about literals. */
export function guardedLookup({ endpoint, allow, resolve }: Omit<GuardOptions, 'connect'>): LookupFunction {
  return (hostname, { all, family }, callback) => {
    resolve(hostname, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const wanted = family === 4 || family === 6 ? addresses.filter((one) => one.family === family) : addresses;
      const allowed = wanted.filter((one) => !isBlocked(one.address, allow));
      const [first] = allowed;
      if (first === undefined) {
        const address = wanted[0]?.address;
        callback(address === undefined ? coded('ENOTFOUND') : new BlockedAddressError(endpoint, hostname, address), []);
      } else if (all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

/**
 * The addresses of a name, or the literal itself, that may be connected to: at least one.
 * For what connects by an address of its own accord; rejects with a BlockedAddressError, or as the resolver does.
 */
export function guardedAddresses(options: Omit<GuardOptions, 'connect'>): (hostname: string) => Promise<string[]> {
  const lookup = guardedLookup(options);
  return (hostname) =>
    new Promise((resolve, reject) => {
      if (isIP(hostname) !== 0) {
        if (isBlocked(hostname, options.allow)) reject(new BlockedAddressError(options.endpoint, hostname, hostname));
        else resolve([hostname]);
        return;
      }
      lookup(hostname, { all: true }, (error, addresses) => {
        if (error !== null || typeof addresses === 'string') reject(error ?? coded('ENOTFOUND'));
        else resolve(addresses.map(({ address }) => address));
      });
    });
}

function coded(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}
