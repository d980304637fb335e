import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { z } from 'zod';
import { hostility } from './http-hostility.ts';
import { problem } from './http-problem.ts';

/** The largest body that is read, in bytes: the ids of a bulk action fit in. */
export const MOST_BODY = 256 * 1024;

/** Refuses a body that is larger, before or while it is read. */
export const refuseLargeBody = bodyLimit({
  maxSize: MOST_BODY,
  onError: () => problem(413, `a body of at most ${MOST_BODY} bytes is read here`),
});

/** The body as `schema` has it, or the answer that refuses it. */
export async function jsonBody<T>(context: Context, schema: z.ZodType<T>): Promise<T | Response> {
  // A page of another origin can send a form without being asked for leave, but not this type.
  if (!/^application\/json\s*(?:;|$)/i.test(context.req.header('content-type') ?? '')) {
    return problem(415, 'the body must be JSON, with Content-Type: application/json');
  }
  let value: unknown;
  try {
    value = JSON.parse(await context.req.text());
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return problem(400, 'the body is no JSON');
  }
  return checked(schema, value, 422);
}

/**
 * The query string as `schema` has it, or the answer that refuses it. A name that is given twice counts once, the first time.
 * `key.<column>=<text>` becomes the property `key`, an object.
 */
export function queryValues<T>(context: Context, schema: z.ZodType<T>): T | Response {
  const given = Object.entries(context.req.query());
  const key = given.flatMap(([name, value]) => (name.startsWith(KEY) ? [[name.slice(KEY.length), value] as const] : []));
  const rest = given.filter(([name]) => !name.startsWith(KEY));
  return checked(schema, Object.fromEntries(key.length === 0 ? rest : [...rest, ['key', Object.fromEntries(key)]]), 400);
}

/** The variable parts of the path as `schema` has them, or the answer that refuses them. */
export function pathValues<T>(context: Context, schema: z.ZodType<T>): T | Response {
  return checked(schema, context.req.param(), 400);
}

const KEY = 'key.';

function checked<T>(schema: z.ZodType<T>, value: unknown, status: 400 | 422): T | Response {
  // First, since a schema of any JSON would go down to the ground of it.
  const refusal = hostility(value);
  if (refusal !== null) return problem(status, refusal, { members: { errors: [{ path: '', message: refusal }] } });
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message, code }) => ({ path: path.join('.'), message: code === 'invalid_type' && isMissing(value, path) ? 'is required' : message }));
  const detail = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  return problem(status, detail, { members: { errors } });
}

/** True if there is nothing at all at the path. */
function isMissing(value: unknown, path: readonly PropertyKey[]): boolean {
  const found = path.reduce<unknown>((within, step) => (typeof within === 'object' && within !== null ? (within as Readonly<Record<PropertyKey, unknown>>)[step] : undefined), value);
  return found === undefined;
}
