import type { TestProject } from 'vitest/node';
import type {} from '../provided.ts';
import { KafkaBroker } from './broker.ts';

/** Starts one Kafka broker for the whole run and hands its address to the workers; says so, once, where there is none. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  try {
    const broker = await KafkaBroker.start();
    project.provide('kafkaBrokers', broker.brokers);
    return () => broker.stop();
  } catch (error) {
    project.provide('kafkaBrokers', null);
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`\n${'!'.repeat(100)}\nNO KAFKA: the tests that need a broker (*.kafka.test.ts) are skipped, nothing else.\n${why}\n${'!'.repeat(100)}\n\n`);
    return async () => {};
  }
}
