import type { Context, Handler, Hono } from 'hono';
import type * as z from 'zod';
import { jsonBody, pathValues, queryValues } from './http-body.ts';
import type { ProblemStatus } from './http-problem.ts';
import { route } from './http-route.ts';

/** What a route answers with if all is well. */
export interface DescribedAnswer {
  readonly description: string;
  readonly schema: z.ZodType;
  /** Default: application/json. */
  readonly type?: 'text/event-stream';
}

/** A route, as `/openapi.json` tells of it. Its schemas are the very ones that requests are checked with. */
export interface Description {
  readonly summary: string;
  readonly description?: string;
  readonly params?: z.ZodObject | undefined;
  readonly query?: z.ZodObject | undefined;
  readonly body?: z.ZodType | undefined;
  readonly answers: Readonly<Partial<Record<200 | 201 | 202, DescribedAnswer>>>;
  /** Besides those that follow from the above, and those of every route. */
  readonly problems?: readonly ProblemStatus[];
}

export interface DescribedRoute extends Description {
  readonly method: 'GET' | 'POST';
  /** `/api/v1/endpoints/{name}` */
  readonly path: string;
  /** What it is about, a word. */
  readonly tag: string;
}

/** What was asked, checked. */
export interface Asked<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly context: Context;
}

export interface Answering {
  readonly description: Description;
  readonly handler: Handler;
}

type Checked<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** A handler that is called with what its schemas let through alone. */
export function answering<
  Params extends z.ZodObject | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(
  description: Description & { readonly params?: Params; readonly query?: Query; readonly body?: Body },
  handle: (asked: Asked<Checked<Params>, Checked<Query>, Checked<Body>>) => Response | Promise<Response>,
): Answering {
  const { params, query, body } = description;
  const handler: Handler = async (context) => {
    const [ofPath, ofQuery] = [params === undefined ? undefined : pathValues(context, params), query === undefined ? undefined : queryValues(context, query)];
    if (ofPath instanceof Response) return ofPath;
    if (ofQuery instanceof Response) return ofQuery;
    const ofBody = body === undefined ? undefined : await jsonBody(context, body);
    if (ofBody instanceof Response) return ofBody;
    // Each is what its schema gives, or undefined where there is none.
    return handle({ params: ofPath as Checked<Params>, query: ofQuery as Checked<Query>, body: ofBody as Checked<Body>, context });
  };
  return { description, handler };
}

/** The routes of the API, and what is told of them. */
export class Api {
  readonly routes: DescribedRoute[] = [];
  readonly #app: Hono;

  constructor(app: Hono) {
    this.#app = app;
  }

  /** Answers a path, below `/api/v1`, by these methods alone. One with a variable comes after those that it would take for its own. */
  path(tag: string, below: string, methods: Readonly<Partial<Record<'GET' | 'POST', Answering>>>): void {
    const path = `/api/v1${below}`;
    const { GET, POST } = methods;
    if (GET !== undefined) this.routes.push({ method: 'GET', path, tag, ...GET.description });
    if (POST !== undefined) this.routes.push({ method: 'POST', path, tag, ...POST.description });
    route(this.#app, path.replaceAll(/\{(\w+)\}/g, ':$1'), {
      ...(GET === undefined ? {} : { GET: GET.handler }),
      ...(POST === undefined ? {} : { POST: POST.handler }),
    });
  }
}
