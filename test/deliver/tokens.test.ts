import { describe, expect, test } from 'vitest';
import { readError, readToken } from '../../src/deliver/token-reply.ts';
import type { TokenReply } from '../../src/deliver/token-request.ts';
import { type TokenResult, Tokens } from '../../src/deliver/tokens.ts';

interface Rig {
  readonly tokens: Tokens;
  /** Answers the oldest request for a token. */
  readonly answer: (reply: TokenReply) => void;
  readonly asked: () => number;
  readonly pass: (ms: number) => void;
}

function rig(): Rig {
  const open: ((reply: TokenReply) => void)[] = [];
  let asked = 0;
  let now = 1_000;
  const ask = (): Promise<TokenReply> => {
    asked++;
    return new Promise((resolve) => open.push(resolve));
  };
  return { tokens: new Tokens({ ask, clock: () => now }), answer: (reply) => open.shift()?.(reply), asked: () => asked, pass: (ms) => void (now += ms) };
}

const token = (name: string, lifetime = 60_000): TokenReply => ({ token: { authorization: `Bearer ${name}`, lifetime } });
const FAILURE = { failure: 'refused', message: 'no', retryAfter: null } as const;
const get = (tokens: Tokens): Promise<TokenResult> => new Promise((resolve) => tokens.get(resolve));
const renew = (tokens: Tokens, name: string): Promise<TokenResult | 'none'> =>
  new Promise((resolve) => void (tokens.renew(`Bearer ${name}`, resolve) || resolve('none')));

describe('a token', () => {
  test('is asked for once however many wait', async () => {
    const { tokens, answer, asked } = rig();
    const waiting = Array.from({ length: 100 }, () => get(tokens));
    expect(asked()).toBe(1);
    answer(token('a'));
    for (const result of await Promise.all(waiting)) expect(result).toEqual({ authorization: 'Bearer a' });
    expect(tokens.current).toBe('Bearer a');
    expect(asked()).toBe(1);
  });

  test('is kept until its time is over', async () => {
    const { tokens, answer, pass } = rig();
    expect(tokens.current).toBeNull();
    const first = get(tokens);
    answer(token('a', 5_000));
    await first;
    pass(4_999);
    expect(tokens.current).toBe('Bearer a');
    pass(1);
    expect(tokens.current).toBeNull();
  });

  test('that cannot be got fails all that wait, and is asked for again by the next', async () => {
    const { tokens, answer, asked } = rig();
    const waiting = [get(tokens), get(tokens)];
    answer(FAILURE);
    expect(await Promise.all(waiting)).toEqual([FAILURE, FAILURE]);
    const next = get(tokens);
    expect(asked()).toBe(2);
    answer(token('a'));
    expect(await next).toEqual({ authorization: 'Bearer a' });
  });

  test('that was answered 401 is replaced once, however many requests had it', async () => {
    const { tokens, answer, asked } = rig();
    const first = get(tokens);
    answer(token('a'));
    await first;
    const waiting = [renew(tokens, 'a'), renew(tokens, 'a'), get(tokens)];
    expect(asked()).toBe(2);
    answer(token('b'));
    for (const result of await Promise.all(waiting)) expect(result).toEqual({ authorization: 'Bearer b' });
    expect(await renew(tokens, 'a')).toEqual({ authorization: 'Bearer b' });
    expect(asked()).toBe(2);
  });

  test('whose successor was answered 401 too is not replaced again for a while', async () => {
    const { tokens, answer, asked, pass } = rig();
    const first = get(tokens);
    answer(token('a'));
    await first;
    tokens.renewalFailed();
    expect(await renew(tokens, 'a')).toBe('none');
    expect(tokens.current).toBe('Bearer a');
    pass(30_000);
    const again = renew(tokens, 'a');
    answer(token('b'));
    expect(await again).toEqual({ authorization: 'Bearer b' });
    expect(asked()).toBe(2);
  });

  test('may be waited for by a caller that throws', async ({ onTestFinished }) => {
    const { tokens, answer } = rig();
    const uncaught = Promise.withResolvers<unknown>();
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').once('uncaughtException', uncaught.resolve);
    onTestFinished(() => listeners.forEach((listener) => process.on('uncaughtException', listener)));
    tokens.get(() => {
      throw new Error('from the caller');
    });
    const second = get(tokens);
    answer(token('a'));
    expect(await uncaught.promise).toMatchObject({ message: 'from the caller' });
    expect(await second).toEqual({ authorization: 'Bearer a' });
  });
});

describe('a reply', () => {
  test.for([
    [{ access_token: 'a', token_type: 'Bearer', expires_in: 3600 }, 3_540_000],
    [{ access_token: 'a', token_type: 'bearer', expires_in: 100 }, 90_000],
    [{ access_token: 'a', token_type: 'BEARER', expires_in: '100' }, 90_000],
    [{ access_token: 'a', token_type: 'bearer', expires_in: 0 }, 0],
    [{ access_token: 'a', expires_in: 1e300 }, 31_535_940_000],
    [{ access_token: 'a' }, 300_000],
    [{ access_token: 'a', expires_in: -5 }, 300_000],
    [{ access_token: 'a', expires_in: null }, 300_000],
  ] as const)('%j may be used for %d ms', ([body, lifetime]) => {
    expect(readToken(JSON.stringify(body))).toEqual({ authorization: 'Bearer a', lifetime });
  });

  test.for(['', '[]', 'null', 'access_token=a', '{"access_token":""}', '{"access_token":5}', '{"access_token":"a b"}', '{"access_token":"a\\r\\nx: y"}', '{"access_token":"a","token_type":"mac"}', '{"access_token":"a","token_type":5}'])(
    '%s has no bearer token',
    (body) => {
      expect(readToken(body)).toBeNull();
    },
  );

  test('of an error is told by the standard’s codes alone', () => {
    expect(readError('{"error":"invalid_client","error_description":"secret x"}')).toBe('invalid_client');
    for (const body of ['{"error":"secret x"}', '{"error":["invalid_client"]}', '<html>', '']) expect(readError(body)).toBeNull();
  });
});
