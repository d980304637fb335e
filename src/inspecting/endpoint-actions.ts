import { sendOnce } from '../commands/send.ts';
import { otherRole } from '../commands/other-role.ts';
import { hookTo, testRequest } from '../commands/send-request.ts';
import type { Config, EndpointConfig } from '../config.ts';
import type { Daemon } from '../daemon.ts';
import { WalhookError } from '../errors.ts';
import type { Exchange, Rotation } from '../inspection.ts';
import { byName } from './by-name.ts';
import { asAsked } from './as-asked.ts';
import { exchangeOf } from './exchange-of.ts';
import type { SecretTexts } from './secret-texts.ts';
import { shownRotation } from './shown-rotation.ts';

export interface EndpointActionsOptions {
  readonly config: Config;
  /** Null unless it runs. */
  readonly live: Daemon['acting'];
  /** Hides what is secret in an answer. */
  readonly texts: Pick<SecretTexts, 'hide'>;
  /** For the message, if it does not. */
  readonly state: string;
  /** It attempts nothing itself. */
  readonly isTail: boolean;
}

/** What people do with one endpoint. */
export class EndpointActions {
  readonly #options: EndpointActionsOptions;

  constructor(options: EndpointActionsOptions) {
    this.#options = options;
  }

  async test(name: string, { data, hook }: { readonly data: unknown; readonly hook: string | null }): Promise<Exchange> {
    const { config, live, texts } = this.#options;
    const endpoint = byName('endpoint', config.endpoints, name);
    if (hook !== null) byName('hook', config.hooks, hook);
    const { delivery, notes } = asAsked(() => testRequest(endpoint, hookTo(config, endpoint, hook ?? undefined), data === null ? null : JSON.stringify(data)));
    return exchangeOf(await sendOnce(signedAsNow(endpoint, live), delivery, notes), texts);
  }

  async probe(name: string): Promise<void> {
    const { isTail } = this.#options;
    const { engine } = this.#live(name);
    const { condition, reason } = engine.status.find((one) => one.name === name) ?? { condition: 'active', reason: null };
    if (condition !== 'active') throw new WalhookError(`endpoint ${name} is ${condition}${reason === null ? '' : `: ${reason}`}; nothing is sent until it is resumed`, { code: 'not_active', hint: `walhook resume ${name}` });
    // Breakers are where attempts are made.
    if (isTail) throw otherRole('this process only reads the slot, and has no breaker to probe', 'worker');
    engine.probe(name);
  }

  async rotate(name: string, grace: number): Promise<Rotation> {
    const { secret, rotation } = await this.#live(name).rotating.rotate(name, grace);
    return { secret, ...shownRotation(name, rotation) };
  }

  async endRotation(name: string): Promise<void> {
    await this.#live(name).rotating.end(name);
  }

  #live(name: string): NonNullable<Daemon['acting']> {
    const { config, live, state } = this.#options;
    byName('endpoint', config.endpoints, name);
    if (live === null) throw new WalhookError(`walhook is ${state}, not streaming: try again in a moment`, { code: 'not_running' });
    return live;
  }
}

/** With the secrets that sign at the moment: one that is rotated in too. */
function signedAsNow(endpoint: EndpointConfig, live: Daemon['acting']): EndpointConfig {
  const secrets = endpoint.signing === null ? null : (live?.rotating.secrets(endpoint.name) ?? endpoint.signing.secrets);
  return secrets === null ? endpoint : { ...endpoint, signing: { secrets } };
}
