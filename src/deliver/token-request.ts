import { createRequire } from 'node:module';
import type { Dispatcher, Pool } from 'undici';
import type { EndpointConfig, OAuth2Config } from '../config.ts';
import type { FailureClass } from '../outcome.ts';
import { classify } from './classify.ts';
import { endpointConnector } from './connector.ts';
import type { Resolve } from './guard.ts';
import { parseRetryAfter } from './retry-after.ts';
import { type AccessToken, readError, readToken } from './token-reply.ts';

/** Why there is no token. */
export interface TokenFailure {
  readonly failure: FailureClass;
  /** One line for an operator, without secrets. */
  readonly message: string;
  /** Milliseconds that the authorization server asked to be left alone, or null. */
  readonly retryAfter: number | null;
}

export type TokenReply = { readonly token: AccessToken } | TokenFailure;

export interface TokenRequestOptions {
  readonly userAgent: string;
  readonly resolve: Resolve;
}

/** `request` comes with the whole of undici, and is wanted only where there are tokens to ask for. */
const load = createRequire(import.meta.url);

/** Far more than any token, in bytes. */
const MOST = 64 * 1024;

/**
 * Asks an authorization server for tokens (RFC 6749, 4.4), over connections of its own that are under the `network`, `tls`
 * and `timeout` of the endpoint they are for. Redirects are not followed: they would carry the secret elsewhere.
 */
export class TokenRequest {
  readonly #pool: Pool;
  readonly #target: string;
  readonly #timeout: number;
  readonly #request: Dispatcher.RequestOptions;

  /** Opens no connection. Throws a WalhookError for a certificate file or a range that cannot be used. */
  constructor(endpoint: EndpointConfig, oauth2: OAuth2Config, { userAgent, resolve }: TokenRequestOptions) {
    const { origin, host, protocol, pathname, search } = oauth2.token_url;
    this.#target = host;
    this.#timeout = endpoint.timeout;
    const undici = load('undici') as typeof import('undici');
    this.#pool = new undici.Pool(origin, {
      connect: endpointConnector(endpoint, { protocol, resolve, timeout: endpoint.timeout }),
      connections: 1,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const form = formOf(oauth2);
    const headers = {
      accept: 'application/json',
      'accept-encoding': 'identity',
      'content-type': 'application/x-www-form-urlencoded',
      'user-agent': userAgent,
      ...(oauth2.auth === 'basic' ? { authorization: basic(oauth2) } : {}),
    };
    this.#request = { method: 'POST', path: pathname + search, headers, body: form.toString() };
  }

  /** Never rejects. */
  async send(): Promise<TokenReply> {
    const signal = AbortSignal.timeout(this.#timeout);
    try {
      const response = await this.#pool.request({ ...this.#request, signal });
      const text = await textOf(response.body);
      return text === null ? this.#failed('too_large', `response too large from ${this.#target}`) : this.#read(response, text);
    } catch (error) {
      if (signal.aborted) return this.#failed('timeout', `no response from ${this.#target} within ${this.#timeout / 1000}s`);
      const { failure, message } = classify(error, this.#target);
      return this.#failed(failure, message);
    }
  }

  /** Ends at once what is under way. */
  abort(): Promise<void> {
    return this.#pool.destroy();
  }

  #read({ statusCode, headers }: Dispatcher.ResponseData, text: string): TokenReply {
    if (statusCode === 200) {
      const token = readToken(text);
      return token === null ? this.#failed('status', `${this.#target} answered 200, but with no bearer token`) : { token };
    }
    const error = readError(text);
    const why = `${this.#target} answered ${statusCode}${error === null ? '' : ` (${error})`}`;
    return { ...this.#failed('status', why), retryAfter: parseRetryAfter(headers['retry-after'], Date.now()) };
  }

  #failed(failure: FailureClass, why: string): TokenFailure {
    return { failure, message: `no access token (oauth2): ${why}`, retryAfter: null };
  }
}

function formOf({ auth, client_id, client_secret, scope, audience }: OAuth2Config): URLSearchParams {
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (scope !== null) form.set('scope', scope);
  if (audience !== null) form.set('audience', audience);
  if (auth === 'body') {
    form.set('client_id', client_id);
    form.set('client_secret', client_secret);
  }
  return form;
}

/** RFC 6749 (2.3.1) wants both form-encoded before they are joined. */
function basic({ client_id, client_secret }: OAuth2Config): string {
  const [id, secret] = [client_id, client_secret].map((text) => new URLSearchParams({ '': text }).toString().slice(1));
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

/** null if it is too long. */
async function textOf(body: AsyncIterable<Uint8Array> & { destroy(): unknown }): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MOST) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
