import { kafkaDistribution } from './distribution.ts';

/* node test/support/kafka/fetch.ts: gets what the tests' Kafka broker is made of, so that later runs find it there. */
const { formatted } = await kafkaDistribution();
console.log(`Kafka is in ${formatted.replace(/\/[^/]+$/, '')}`);
