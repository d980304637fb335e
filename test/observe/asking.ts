import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import type { HttpAppOptions } from '../../src/observe/http-app.ts';

export const TOKEN = 'a-token-of-the-tests';
export const JSON_TYPE = { 'content-type': 'application/json' };
export const AUTHORIZED = { ...JSON_TYPE, authorization: `Bearer ${TOKEN}` };

/** Headers of every problem. */
export const PROBLEM = { 'content-type': 'application/problem+json', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: Record<string, unknown>;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** Not fetch: it does not let a test set Host or Transfer-Encoding. The answer may come before all of the body is sent. */
export function ask(url: string, { method = 'GET', headers = AUTHORIZED, body }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent: false }, (response) => {
      text(response).then((answer) => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answer === '' ? {} : JSON.parse(answer) });
      }, reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

export function post(url: string, body: unknown, headers: Record<string, string> = AUTHORIZED): Promise<Answer> {
  return ask(url, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
}

const unwanted = (): never => expect.unreachable('nothing was to be looked at');

/** For a test that is about other routes. */
export const NOTHING_TO_LOOK_AT: Pick<HttpAppOptions, 'inspection' | 'traffic' | 'actions' | 'engine' | 'slot' | 'deliveryContext' | 'conceal'> = {
  engine: unwanted,
  slot: unwanted,
  deliveryContext: unwanted,
  conceal: (given) => given,
  inspection: unwanted,
  traffic: unwanted,
  actions: { begin: unwanted, list: unwanted, show: unwanted, cancel: unwanted },
};
