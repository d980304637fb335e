import { forgotten, type StoredEndpoints } from '../commands/daemon-report.ts';
import type { Config } from '../config.ts';
import type { Daemon } from '../daemon.ts';
import type { DaemonStatus } from '../daemon-status.ts';
import type { EngineReport } from '../fleet.ts';
import type { EndpointReport } from '../inspection.ts';
import type { TrafficRates } from '../traffic.ts';
import { endpointReport } from './endpoint-report.ts';
import { because } from './failure-hint.ts';
import type { HealthFacts } from './health-facts.ts';

export interface BoardFacts {
  readonly config: Config;
  readonly status: DaemonStatus;
  /** Null without `engine`. */
  readonly engine: EngineReport | null;
  /** Null unless it runs. */
  readonly live: Daemon['acting'];
  readonly stored: StoredEndpoints | null;
  readonly rates: TrafficRates | null;
}

/** All that is known of endpoints at a moment. */
export function endpointReports({ config, status, live, stored, rates }: BoardFacts): EndpointReport[] {
  return config.endpoints.map((endpoint) =>
    endpointReport({
      endpoint,
      hooks: config.hooks,
      status: status.endpoints.find(({ name }) => name === endpoint.name) ?? null,
      detail: live?.engine.detail(endpoint.name) ?? null,
      stored,
      rotation: live?.rotating.of(endpoint.name) ?? null,
      traffic: rates?.endpoints.find(({ name }) => name === endpoint.name) ?? null,
    }),
  );
}

export function healthFacts(facts: BoardFacts, { failedReload, now }: Pick<HealthFacts, 'failedReload' | 'now'>): HealthFacts {
  const { config, status, engine, live, stored, rates } = facts;
  const names = config.endpoints.map(({ name }) => name);
  const reasons = names.flatMap((name) => {
    const last = live?.engine.detail(name)?.lastFailure ?? null;
    return last === null ? [] : [[name, last.failure === null ? last.message : because({ ...last, failure: last.failure })] as const];
  });
  return {
    status,
    engine,
    endpoints: endpointReports(facts),
    because: new Map(reasons),
    unreadable: new Set(names.filter((name) => live?.rotating.of(name)?.readable === false)),
    forgotten: stored === null ? [] : forgotten(stored, config.endpoints).map((name) => ({ name, parked: stored.get(name)?.parked ?? 0, dead: stored.get(name)?.dead ?? 0 })),
    failedReload,
    perMinute: rates === null ? null : rates.endpoints.reduce((sum, one) => sum + one.per_minute, 0),
    now,
  };
}
