import type { DraftProblem } from '../../src/inspection.ts';
import { lost, reached } from './connection.ts';
import { refuseToken, token } from './token.ts';

/** What the API had against a request: RFC 9457. */
export class ApiError extends Error {
  /** HTTP status; 0: no answer. */
  readonly status: number;
  readonly hint: string | null;
  /** Where a draft or a file is wrong. */
  readonly problems: readonly DraftProblem[];

  constructor(message: string, { status, hint = null, problems = [] }: { readonly status: number; readonly hint?: string | null; readonly problems?: readonly DraftProblem[] }) {
    super(message);
    this.status = status;
    this.hint = hint;
    this.problems = problems;
  }
}

export interface Request {
  readonly method?: 'GET' | 'POST';
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** @param path below `/api/v1`. Throws an ApiError, or what the signal was aborted with. */
export async function api<T>(path: string, request: Request = {}): Promise<T> {
  const response = await send(path, request);
  return (await response.json()) as T;
}

export function post<T>(path: string, body: unknown = {}): Promise<T> {
  return api<T>(path, { method: 'POST', body });
}

/** The response, whose status is 2xx. */
export async function send(path: string, { method = 'GET', body, signal }: Request): Promise<Response> {
  const held = token();
  const response = await answer(`/api/v1${path}`, {
    method,
    cache: 'no-store',
    headers: { ...(held === null ? {} : { Authorization: `Bearer ${held}` }), ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (response.ok) return response;
  if (response.status === 401) refuseToken(held);
  throw await apiError(response);
}

async function answer(url: string, options: RequestInit): Promise<Response> {
  try {
    const response = await fetch(url, options);
    reached();
    return response;
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    lost();
    throw new ApiError('the daemon does not answer', { status: 0 });
  }
}

async function apiError(response: Response): Promise<ApiError> {
  const text = await response.text();
  try {
    const { detail, hint, errors } = JSON.parse(text) as { detail?: string; hint?: string | null; errors?: unknown };
    const problems = Array.isArray(errors) ? (errors as DraftProblem[]).filter(({ line }) => typeof line === 'number') : [];
    return new ApiError(detail ?? `HTTP ${response.status}`, { status: response.status, hint: hint ?? null, problems });
  } catch {
    return new ApiError(`HTTP ${response.status}: ${text.slice(0, 200)}`, { status: response.status });
  }
}

/** Aborted work is nobody's fault. */
export function asApiError(error: unknown): ApiError | null {
  if (error instanceof ApiError) return error;
  if (error instanceof DOMException && error.name === 'AbortError') return null;
  return new ApiError(error instanceof Error ? error.message : String(error), { status: 0 });
}
