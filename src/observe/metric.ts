import type { Distribution, MetricFacts } from './metric-facts.ts';

/** Each has few values: an id, a row's key or a URL would make a series of its own for each, and tell what may be hidden. */
export type MetricLabel = 'endpoint' | 'hook' | 'state' | 'table' | 'operation' | 'outcome' | 'result' | 'role' | 'topic' | 'partition';

export interface Sample {
  readonly labels: Readonly<Partial<Record<MetricLabel | 'le', string>>>;
  readonly value: number;
  /** Of a histogram, what it is of it. */
  readonly part?: '_bucket' | '_sum' | '_count';
}

export interface Metric {
  /** Those of the process are called what Prometheus' clients call them. */
  readonly name: `walhook_${string}` | `process_${string}` | `nodejs_${string}`;
  /** A counter only grows, and begins at 0 with each daemon, so with a new configuration too. */
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly labels: readonly MetricLabel[];
  /** One line, for HELP and docs/operations.md. */
  readonly help: string;
  /** Empty where nothing is known: then it is left out, for 0 would be a lie. */
  readonly samples: (facts: MetricFacts) => readonly Sample[];
}

export function gauge(name: Metric['name'], help: string, samples: Metric['samples'], labels: Metric['labels'] = []): Metric {
  return { name, type: 'gauge', labels, help, samples };
}

export function counter(name: Metric['name'] & `${string}_total`, help: string, samples: Metric['samples'], labels: Metric['labels'] = []): Metric {
  return { name, type: 'counter', labels, help, samples };
}

export function one(value: number | null | undefined, labels: Sample['labels'] = {}): Sample[] {
  return value == null ? [] : [{ labels, value }];
}

/** @param name of seconds @param bounds of its buckets, in milliseconds: powers of two */
export function histogram(name: Metric['name'] & `${string}_seconds`, help: string, { of, bounds }: { readonly of: (facts: MetricFacts) => readonly { readonly endpoint: string; readonly times: Distribution }[]; readonly bounds: readonly number[] }): Metric {
  return { name, type: 'histogram', help, labels: ['endpoint'], samples: (facts) => of(facts).flatMap(({ endpoint, times }) => distribution({ endpoint }, times, bounds)) };
}

function distribution(labels: Sample['labels'], times: Distribution, bounds: readonly number[]): Sample[] {
  return [
    ...bounds.map((ms): Sample => ({ labels: { le: String(ms / 1_000), ...labels }, value: times.below(ms), part: '_bucket' })),
    { labels: { le: '+Inf', ...labels }, value: times.count, part: '_bucket' },
    { labels, value: times.sum / 1_000, part: '_sum' },
    { labels, value: times.count, part: '_count' },
  ];
}
