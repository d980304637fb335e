import { EVERY_ANSWER, problemText } from './http-problem.ts';

export interface Readiness {
  readonly state: string;
  /** Tells this daemon from others, for commands that ask one; empty: not known yet. */
  readonly slot: string;
  readonly problems: readonly string[];
}

/** An answer, of no library. */
export interface HealthAnswer {
  readonly status: 200 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type HealthPath = '/healthz' | '/readyz';

/** What is asked every few seconds for as long as the daemon runs. Told on the spot: asks no database. */
export function healthAnswer(path: HealthPath, readiness: () => Readiness): HealthAnswer {
  if (path === '/healthz') return ok({ status: 'ok' });
  const { state, slot, problems } = readiness();
  const reasons = notReady({ state, problems });
  if (reasons.length === 0) return ok({ status: 'ready', state, slot });
  return { status: 503, ...problemText(503, reasons.join('; '), { members: { state, slot, reasons } }) };
}

function ok(body: object): HealthAnswer {
  return { status: 200, headers: { 'Content-Type': 'application/json', ...EVERY_ANSWER }, body: JSON.stringify(body) };
}

/**
 * Ready is a daemon that streams and confirms. One that stands by is alive and not ready: what must reach the active one
 * is not sent to it. An endpoint that fails, is paused or disabled never makes walhook unready: restarting would not
 * help it, and its deliveries are parked. `status` tells of it.
 */
export function notReady({ state, problems }: Omit<Readiness, 'slot'>): string[] {
  return [...(state === 'streaming' ? [] : [`state is ${state}`]), ...problems];
}
