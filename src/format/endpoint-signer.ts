import { Signer } from './signature.ts';

/** A secret that takes the place of those of the configuration. */
export interface RotatedSecret {
  readonly secret: string;
  /** Unix milliseconds: until then those of the configuration sign too. */
  readonly endsAt: number;
}

/**
 * Which secrets sign: the configuration's; while one is rotated in, that one and the configuration's; and after that the new one alone,
 * unless the configuration has it, which then rules alone as it always does.
 */
export function signingSecrets(configured: readonly string[], rotated: RotatedSecret | null): { readonly now: readonly string[]; readonly after: readonly string[] } {
  if (rotated === null) return { now: configured, after: configured };
  const { secret } = rotated;
  return { now: [secret, ...configured.filter((one) => one !== secret)], after: configured.includes(secret) ? configured : [secret] };
}

/** Signs an endpoint's requests with the secrets that hold at the moment, which can change while it is sent to. */
export class EndpointSigner {
  readonly #configured: readonly string[];
  #now: Signer;
  #after: Signer;
  /** Unix seconds from which `after` signs. */
  #until = Number.POSITIVE_INFINITY;

  /** Throws as `Signer` does. */
  constructor(configured: readonly string[]) {
    this.#configured = configured;
    this.#now = new Signer(configured);
    this.#after = this.#now;
  }

  /** From the next request on. Null: the configuration's secrets alone. */
  rotate(rotated: RotatedSecret | null): void {
    const { now, after } = signingSecrets(this.#configured, rotated);
    this.#now = new Signer(now);
    this.#after = new Signer(after);
    this.#until = rotated === null ? Number.POSITIVE_INFINITY : rotated.endsAt / 1_000;
  }

  /** See Signer. */
  sign(id: string, timestamp: number, body: string): string {
    return (timestamp < this.#until ? this.#now : this.#after).sign(id, timestamp, body);
  }
}
