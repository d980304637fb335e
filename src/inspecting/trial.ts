import { maskHeader, maskUrl } from '../config/mask.ts';
import type { Config, EndpointConfig, HookConfig } from '../config.ts';
import type { Delivery } from '../delivery.ts';
import { WalhookError } from '../errors.ts';
import { newSecret } from '../format/new-secret.ts';
import { PRODUCE } from '../record-path.ts';
import type { SecretTexts } from './secret-texts.ts';

/** Milliseconds: somebody is waiting. */
const LONGEST = 15_000;

/** The URL that something is tried out on. @throws WalhookError `bad_url` */
export function trialUrl(text: string): URL {
  if (!URL.canParse(text)) throw refused('is not a URL');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused('must begin with http:// or https://');
  if (url.username !== '' || url.password !== '') throw refused('may not have a user or password in it');
  return url;
}

function refused(why: string): WalhookError {
  return new WalhookError(`the URL to try it out on ${why}`, { code: 'bad_url' });
}

/**
 * An endpoint that has nothing of the real one but its method and what is no secret: no headers, no credentials, no certificate,
 * and a signing secret made for the occasion. Of private addresses it may be sent to those that the hook's own endpoints are allowed,
 * as the configuration has it, whatever a draft says.
 */
export function trialEndpoint(url: URL, like: EndpointConfig, { endpoints }: Pick<Config, 'endpoints'>, { to }: Pick<HookConfig, 'to'>): EndpointConfig {
  const allow = endpoints.filter(({ name }) => to.includes(name)).flatMap(({ network }) => network.allow);
  return {
    ...like,
    name: 'try',
    url,
    kafka: null,
    headers: new Map(),
    signing: { secrets: [newSecret('whsec_')] },
    timeout: Math.min(like.timeout, LONGEST),
    batch: null,
    network: { allow: [...new Set(allow)] },
    tls: { ca: null, cert: null, key: null },
    oauth2: null,
  };
}

export interface Trial {
  readonly delivery: Delivery;
  /** What is otherwise than for the real endpoint. */
  readonly notes: readonly string[];
}

/** A delivery without what only its endpoint may know. The path is the URL's own. */
export function trialOf(delivery: Delivery, texts: Pick<SecretTexts, 'hide'>): Trial {
  const { path, headers } = delivery.request;
  const secret = headers.filter(([name, value]) => maskHeader([name, value])[1] !== value).map(([name]) => name);
  const body = texts.hide(delivery.body);
  return {
    delivery: {
      ...delivery,
      body,
      bytes: body.length,
      request: { ...delivery.request, method: delivery.request.method === PRODUCE ? null : delivery.request.method, path: null, headers: headers.filter(([name]) => !secret.includes(name)).map(([name, value]) => [name, texts.hide(value)] as const) },
    },
    notes: [
      'signed with a secret made for this request alone; the endpoint\'s own headers and credentials are left out',
      ...(path === null ? [] : [`the path is the URL's own: to the endpoint it goes to ${maskUrl(texts.hide(path))}`]),
      ...(secret.length === 0 ? [] : [`left out, since they sound secret: ${secret.join(', ')}`]),
      ...(body === delivery.body ? [] : ['secrets of the configuration in the body are masked']),
    ],
  };
}
