import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Sample } from './metric.ts';
import type { MetricFacts } from './metric-facts.ts';
import { METRICS } from './metrics.ts';

/**
 * Answers a scrape in Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/
 * Written by prom-client, which knows its escapes and numbers and is loaded with this file alone. The samples are made anew
 * each time, so it keeps nothing.
 */
export async function metricsAnswer(facts: MetricFacts): Promise<Response> {
  const registry = new Registry();
  for (const { name, type, help, labels, samples } of METRICS) {
    const found = samples(facts);
    // One without labels would begin at 0.
    if (found.length === 0) continue;
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === 'histogram') {
      registry.registerMetric(new CountedHistogram({ ...options, registers: [] }, found));
    } else if (type === 'counter') {
      const metric = new Counter(options);
      for (const sample of found) metric.inc(sample.labels, sample.value);
    } else {
      const metric = new Gauge(options);
      for (const sample of found) metric.set(sample.labels, sample.value);
    }
  }
  return new Response(await registry.metrics(), { headers: { 'Content-Type': registry.contentType } });
}

/** A histogram whose counts are known already. */
class CountedHistogram extends Histogram {
  readonly #options: { readonly name: string; readonly help: string };
  readonly #samples: readonly Sample[];

  constructor(options: ConstructorParameters<typeof Histogram>[0], samples: readonly Sample[]) {
    super(options);
    this.#options = options;
    this.#samples = samples;
  }

  /** What the registry writes. */
  getForPromString(): object {
    const { name, help } = this.#options;
    return { name, help, type: 'histogram', values: this.#samples.map(({ labels, value, part = '' }) => ({ labels, value, metricName: `${name}${part}` })) };
  }
}
