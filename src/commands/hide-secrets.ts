import { maskHeader } from '../config/mask.ts';
import type { EndpointConfig } from '../config.ts';

type Header = readonly [name: string, value: string];

const HIDDEN = '***';
/** Shorter than this a secret is none, and would be found in any text. */
const SHORTEST = 6;
/** Headers of an endpoint that tell nothing. */
const HARMLESS = /^(?:accept(?:-.*)?|content-type|user-agent)$/i;

/** Hides what gives access to an endpoint: in its own headers by name, and in text, such as the answer of a server that tells all it got. */
export class SecretHider {
  readonly #endpoint: EndpointConfig;
  readonly #secrets: readonly string[];

  /** `sent`: the headers that the request had, with the token that was got for it. */
  constructor(endpoint: EndpointConfig, sent: readonly Header[]) {
    this.#endpoint = endpoint;
    const { headers, signing, oauth2, url } = endpoint;
    const given = [...headers].flatMap(([name, value]) => (HARMLESS.test(name) ? [] : [value]));
    const tokens = sent.flatMap(([name, value]) => (maskHeader([name, value])[1] === value ? [] : [value, value.replace(/^\S+ /, '')]));
    this.#secrets = [...given, ...tokens, ...(signing?.secrets ?? []), oauth2?.client_secret ?? '', url.password, decodeURIComponent(url.password), ...url.searchParams.values(), ...[...url.searchParams.values()].map(encodeURIComponent)]
      .filter((secret) => secret.length >= SHORTEST)
      // The longest first, so that none is left of one that another is a part of.
      .toSorted((a, b) => b.length - a.length);
  }

  /** A header of the request. The kind of authorization stays. */
  sent([name, value]: Header): Header {
    if (name === 'authorization') return [name, value.replace(/(?<=^\S+ ).*|^\S*$/s, HIDDEN)];
    const isGiven = [...this.#endpoint.headers.keys()].some((one) => one.toLowerCase() === name && !HARMLESS.test(one));
    return isGiven ? [name, HIDDEN] : maskHeader([name, value]);
  }

  /** A header of the response. `WWW-Authenticate` says what is wrong, and is no secret. */
  received([name, value]: Header): Header {
    return name === 'www-authenticate' ? [name, this.text(value)] : maskHeader([name, this.text(value)]);
  }

  text(text: string): string {
    return this.#secrets.reduce((hidden, secret) => hidden.replaceAll(secret, HIDDEN), text);
  }
}
