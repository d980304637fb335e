import { randomUUID } from 'node:crypto';
import { didYouMean } from '../closest.ts';
import type { Config, EndpointConfig, HookConfig, KafkaEndpointConfig } from '../config.ts';
import type { Delivery, RequestShape } from '../delivery.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { encodeForm, FORM_CONTENT_TYPE } from '../format/encode-form.ts';
import { constantRecordPath } from '../format/record-request.ts';
import { Unrenderable } from '../format/unrenderable.ts';
import { NO_LSN } from '../lsn.ts';
import { PRODUCE } from '../record-path.ts';
import type { TextTemplate } from '../template.ts';

/** What `walhook send` sends. */
export interface TestRequest {
  readonly delivery: Delivery;
  /** What of the hook could not be taken over, for people. */
  readonly notes: readonly string[];
}

const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** The endpoint or hook of a name. @throws WalhookError `usage` if there is none. */
export function named<T extends { readonly name: string }>(what: 'endpoint' | 'hook', all: readonly T[], name: string, command: 'send' | 'render' | 'test' = 'send'): T {
  const found = all.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw usage(`there is no ${what} named ${JSON.stringify(name)}${didYouMean(name, all.map((one) => one.name))}`, command);
}

/** The hook of a name, if one is given. @throws WalhookError `usage` if there is none, or if it goes elsewhere. */
export function hookTo(config: Config, endpoint: EndpointConfig, name: string | undefined): HookConfig | null {
  if (name === undefined) return null;
  const hook = named('hook', config.hooks, name);
  if (hook.to.includes(endpoint.name)) return hook;
  throw usage(`hook ${name} does not go to ${endpoint.name}, but to ${hook.to.join(', ')}`);
}

/**
 * A request that no row has made. `json`: its body, null for one that says that it is a test.
 *
 * @throws WalhookError `usage` for a body that is not JSON, or that no form can say.
 */
export function testRequest(endpoint: EndpointConfig, hook: HookConfig | null, json: string | null): TestRequest {
  const notes: string[] = [];
  const constant = (option: string, template: TextTemplate | null): string | null => {
    if (template === null || template.every((part) => typeof part === 'string')) return template?.join('') ?? null;
    notes.push(`${option} of hook ${hook?.name} has expressions, which only a row can fill: it is left out`);
    return null;
  };
  const method = constant('method', hook?.method ?? null);
  const headers = [...(hook?.headers ?? [])].flatMap(([name, template]): [string, string][] => {
    const value = constant(`header ${name}`, template);
    return value === null ? [] : [[name.toLowerCase(), value]];
  });
  if (endpoint.kafka !== null) return { delivery: deliveryOf(testRecord(endpoint, endpoint.kafka, { hook, headers }), checked(json ?? harmless())), notes };
  const encoding = hook?.encoding ?? (BODILESS.has(method ?? endpoint.method) ? 'query' : 'json');
  const contentType = { json: 'application/json', form: FORM_CONTENT_TYPE, query: null }[encoding];
  const shape = { hook: hook?.name ?? '', endpoint: endpoint.name, method, path: constant('path', hook?.path ?? null), contentType, headers };
  const body = checked(json ?? harmless());
  return { delivery: deliveryOf(shape, encoding === 'json' ? body : pairs(body)), notes };
}

/** Its topic is none that only a row can tell: nobody wants a test there by guess. */
function testRecord({ name }: EndpointConfig, kafka: KafkaEndpointConfig, { hook, headers }: { readonly hook: HookConfig | null; readonly headers: RequestShape['headers'] }): RequestShape {
  const path = constantRecordPath(kafka);
  if (path === null) throw usage(`\`topic\` or \`key\` of endpoint ${name} has expressions, which only a row can fill: walhook render ${hook?.name ?? 'HOOK'} --key … --send sends one`);
  return { hook: hook?.name ?? '', endpoint: name, method: PRODUCE, path, contentType: 'application/json', headers };
}

function harmless(): string {
  const data = { message: 'This is a test from walhook: no row has changed.' };
  return JSON.stringify({ type: 'walhook.test', timestamp: new Date().toISOString(), data });
}

/** The text as it stands: its digits, its spaces. */
function checked(json: string): string {
  try {
    JSON.parse(json);
    return json;
  } catch {
    throw usage('--data: this is not JSON');
  }
}

function pairs(json: string): string {
  try {
    return encodeForm(json);
  } catch (error) {
    if (error instanceof Unrenderable) throw usage(`--data: ${error.message}`);
    throw error;
  }
}

function deliveryOf(request: RequestShape, body: string): Delivery {
  return {
    id: `test-${randomUUID()}`,
    request,
    lane: 0,
    sequence: { commitLsn: NO_LSN, ordinal: 0, nth: 0 },
    operation: 'test',
    table: '',
    body,
    bytes: body.length,
    committedAt: Date.now(),
  };
}

function usage(message: string, command: 'send' | 'render' | 'test' = 'send'): WalhookError {
  return new WalhookError(message, { code: 'usage', hint: `walhook ${command} --help`, exit: EXIT.usage });
}
