import type { Handler, Hono } from 'hono';
import { problem } from './http-problem.ts';

/** Answers a path by these methods, HEAD as GET, and says 405 to others. */
export function route(app: Hono, path: string, methods: Readonly<Partial<Record<'GET' | 'POST', Handler>>>): void {
  for (const [method, handler] of Object.entries(methods)) app.on(method, path, handler);
  const allowed = [...(methods.GET === undefined ? [] : ['GET', 'HEAD']), ...(methods.POST === undefined ? [] : ['POST'])].join(', ');
  app.all(path, () => problem(405, `only ${allowed.replaceAll(', ', ' and ')} ${allowed.includes(',') ? 'are' : 'is'} answered here`, { headers: { Allow: allowed } }));
}
