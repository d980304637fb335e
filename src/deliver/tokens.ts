import type { AccessToken } from './token-reply.ts';
import type { TokenFailure, TokenReply } from './token-request.ts';

/** What a wait for a token came to. */
export type TokenResult = { readonly authorization: string } | TokenFailure;

export interface TokensOptions {
  /** Asks the authorization server. Never rejects. */
  readonly ask: () => Promise<TokenReply>;
  /** Monotonic, in milliseconds. Default: performance.now. */
  readonly clock?: () => number;
}

/** After a token was refused although it was new, no other is asked for because of a 401 for so long, in milliseconds. */
const PATIENCE = 30_000;

/** The token of an endpoint: asked for when it is needed, by one request at a time however many wait for it, and kept while it is valid. */
export class Tokens {
  readonly #ask: () => Promise<TokenReply>;
  readonly #clock: () => number;
  #token: AccessToken | null = null;
  /** When `#token` must not be used any more, by the clock. */
  #until = 0;
  /** By the clock. */
  #noRenewalBefore = Number.NEGATIVE_INFINITY;
  #waiting: ((result: TokenResult) => void)[] = [];

  constructor({ ask, clock = () => performance.now() }: TokensOptions) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** The value of `Authorization`; null if there is none that may be used now. */
  get current(): string | null {
    return this.#token === null || this.#clock() >= this.#until ? null : this.#token.authorization;
  }

  /** Calls back with a token, or why there is none: once, and never within the call. */
  get(then: (result: TokenResult) => void): void {
    this.#waiting.push(then);
    if (this.#waiting.length === 1) void this.#fetch();
  }

  /**
   * A request that had `authorization` was answered 401: calls back with another token. False, without a call, if there
   * is to be none now, since the last one that was asked for so was refused as well.
   */
  renew(authorization: string, then: (result: TokenResult) => void): boolean {
    const { current } = this;
    if (current !== null && current !== authorization) {
      queueMicrotask(() => then({ authorization: current }));
      return true;
    }
    if (this.#waiting.length === 0 && this.#clock() < this.#noRenewalBefore) return false;
    this.#token = null;
    this.get(then);
    return true;
  }

  /** A token that `renew` gave was answered 401 too: it is not the token's fault. */
  renewalFailed(): void {
    this.#noRenewalBefore = this.#clock() + PATIENCE;
  }

  async #fetch(): Promise<void> {
    const reply = await this.#ask();
    if ('token' in reply) {
      this.#token = reply.token;
      this.#until = this.#clock() + reply.token.lifetime;
    }
    const result = 'token' in reply ? { authorization: reply.token.authorization } : reply;
    // What one of them throws is its own uncaught error, and the others are called.
    for (const then of this.#waiting.splice(0)) queueMicrotask(() => then(result));
  }
}
