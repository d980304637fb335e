import type { Logger } from 'pino';
import type { EndpointConfig } from './config.ts';
import { WalhookError } from './errors.ts';
import { type EndpointSigner, type RotatedSecret, signingSecrets } from './format/endpoint-signer.ts';
import { newSecret, publicKeyOf } from './format/new-secret.ts';
import { fingerprintOf, seal, unseal } from './format/sealed-secret.ts';
import type { RotationStore, StoredRotation } from './rotations.ts';

/** A rotation as it stands, without the secret. */
export interface RotationState {
  readonly publicKey: string | null;
  readonly beganAt: Date;
  readonly endsAt: Date;
  /** The configuration has the new secret. */
  readonly configured: boolean;
  /** False: the configuration has neither the new secret nor the one that sealed it, so the new one cannot be read, and does not sign. */
  readonly readable: boolean;
}

export interface RotatingOptions {
  readonly endpoints: readonly Pick<EndpointConfig, 'name' | 'signing'>[];
  readonly store: RotationStore;
  /** Of the endpoints that sign. */
  readonly signers: ReadonlyMap<string, Pick<EndpointSigner, 'rotate'>>;
  readonly log: Logger;
}

/**
 * New signing secrets of endpoints, while their receivers and the configuration learn of them.
 *
 * The file is the truth, also here. Nothing writes to it; a rotation only bridges the time until a person has put the new secret
 * there. It is kept sealed by the secret that the file has, so that without the file it is nothing; an alert asks for the line to be
 * put in for as long as it is missing; and once the file has it, the file alone says what signs when the grace time is over, and
 * the rotation is forgotten. `end` goes back to the file at any time.
 */
export class Rotating {
  readonly #options: RotatingOptions;
  readonly #rotations = new Map<string, StoredRotation>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: RotatingOptions) {
    this.#options = options;
  }

  /** Takes over what is stored, before anything is sent. */
  restore(): Promise<void> {
    return this.reread();
  }

  /** Takes over what another process that shares the state may have begun or ended. */
  reread(): Promise<void> {
    return this.#inTurn(() => this.#read());
  }

  async #read(): Promise<void> {
    const stored = await this.#options.store.list();
    const kept = new Set(stored.map(({ endpoint }) => endpoint));
    for (const endpoint of [...this.#rotations.keys()].filter((known) => !kept.has(known))) this.#forget(endpoint);
    for (const rotation of stored) {
      const known = this.#rotations.get(rotation.endpoint);
      if (known !== undefined && known.fingerprint.equals(rotation.fingerprint) && known.endsAt.getTime() === rotation.endsAt.getTime()) continue;
      const secrets = this.#secrets(rotation.endpoint);
      // Of an endpoint that is gone, or signs no more: it may come back with the configuration.
      if (secrets.length === 0) continue;
      this.#rotations.set(rotation.endpoint, rotation);
      if (await this.#forgetIfOver(rotation)) continue;
      this.#apply(rotation);
      if (this.#secretOf(rotation) === null) this.#options.log.warn({ endpoint: rotation.endpoint }, 'the rotated signing secret cannot be read any more: the configuration has neither it nor the one before it, so its own secrets sign');
    }
  }

  /** Null: there is none, or it is over and the configuration has the secret. */
  of(endpoint: string): RotationState | null {
    const rotation = this.#rotations.get(endpoint);
    if (rotation === undefined) return null;
    const configured = this.#isConfigured(rotation);
    if (configured && rotation.endsAt.getTime() <= Date.now()) {
      // What cannot be forgotten now is tried again when it is asked for, or at the next start.
      void this.#inTurn(() => this.#forgetIfOver(rotation)).catch(() => undefined);
      return null;
    }
    const secret = this.#secretOf(rotation);
    return { publicKey: secret === null ? null : publicKeyOf(secret), beganAt: rotation.beganAt, endsAt: rotation.endsAt, configured, readable: secret !== null };
  }

  /** The secrets that sign at the moment: for a request that is made beside the queue. Empty for an endpoint that does not sign. */
  secrets(endpoint: string): readonly string[] {
    const rotation = this.#rotations.get(endpoint);
    const secret = rotation === undefined ? null : this.#secretOf(rotation);
    if (rotation === undefined || secret === null) return this.#secrets(endpoint);
    const { now, after } = signingSecrets(this.#secrets(endpoint), { secret, endsAt: rotation.endsAt.getTime() });
    return Date.now() < rotation.endsAt.getTime() ? now : after;
  }

  /**
   * A new secret, which signs from now on beside the configuration's own. It is given once.
   *
   * @param grace milliseconds until it signs alone
   * @throws WalhookError `no_signing` for an endpoint that does not sign; `rotating` if the configuration has not got the one before yet
   */
  rotate(endpoint: string, grace: number): Promise<{ readonly secret: string; readonly rotation: RotationState }> {
    return this.#inTurn(() => this.#rotate(endpoint, grace));
  }

  /** The configuration's secrets alone sign from now on. Does nothing if there is no rotation. */
  end(endpoint: string): Promise<void> {
    return this.#inTurn(async () => {
      await this.#read();
      await this.#end(this.#rotations.get(endpoint));
    });
  }

  /** One after the other: two that begin at the same time would each give a secret away, and one of them would not sign. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #rotate(endpoint: string, grace: number): Promise<{ readonly secret: string; readonly rotation: RotationState }> {
    const [first] = this.#secrets(endpoint);
    if (first === undefined) {
      throw new WalhookError(`endpoint ${endpoint} has no signing secret that could be rotated`, { code: 'no_signing', hint: `endpoints.${endpoint}: { signing: { secrets: ["whsec_…"] } } in the configuration, with the output of \`openssl rand -base64 32\` behind whsec_` });
    }
    await this.#read();
    const before = this.of(endpoint);
    if (before !== null && !before.configured) {
      throw new WalhookError(`the secret of endpoint ${endpoint} was rotated at ${before.beganAt.toISOString()}, and the configuration does not have the new one yet`, { code: 'rotating', hint: 'put it into the configuration first, or end the rotation' });
    }
    const secret = newSecret(first);
    const stored = await this.#options.store.save({ endpoint, sealed: seal(secret, first), fingerprint: fingerprintOf(secret), grace });
    this.#rotations.set(endpoint, stored);
    this.#apply(stored);
    const rotation = this.of(endpoint);
    if (rotation === null) throw new Error('what has begun is there');
    return { secret, rotation };
  }

  async #end(rotation: StoredRotation | undefined): Promise<void> {
    if (rotation === undefined) return;
    await this.#options.store.remove(rotation);
    this.#forget(rotation.endpoint);
  }

  #forget(endpoint: string): void {
    this.#rotations.delete(endpoint);
    this.#options.signers.get(endpoint)?.rotate(null);
  }

  async #forgetIfOver(rotation: StoredRotation): Promise<boolean> {
    if (rotation.endsAt.getTime() > Date.now() || !this.#isConfigured(rotation)) return false;
    // Another one may have begun meanwhile.
    if (this.#rotations.get(rotation.endpoint) === rotation) await this.#end(rotation);
    return true;
  }

  #apply(rotation: StoredRotation): void {
    const secret = this.#secretOf(rotation);
    const rotated: RotatedSecret | null = secret === null ? null : { secret, endsAt: rotation.endsAt.getTime() };
    this.#options.signers.get(rotation.endpoint)?.rotate(rotated);
  }

  #secretOf({ endpoint, sealed, fingerprint }: StoredRotation): string | null {
    const secrets = this.#secrets(endpoint);
    return secrets.find((secret) => fingerprintOf(secret).equals(fingerprint)) ?? unseal(sealed, secrets);
  }

  #isConfigured({ endpoint, fingerprint }: StoredRotation): boolean {
    return this.#secrets(endpoint).some((secret) => fingerprintOf(secret).equals(fingerprint));
  }

  #secrets(endpoint: string): readonly string[] {
    return this.#options.endpoints.find(({ name }) => name === endpoint)?.signing?.secrets ?? [];
  }
}
