import type { Config } from '../config.ts';
import { type Finding, warning } from '../finding.ts';

/** What there is to say of the engine, whatever is read. */
export function engineFindings({ engine, state }: Pick<Config, 'engine' | 'state'>): Finding[] {
  if (engine === null || state.encryption === null) return [];
  const { brokers, topic, tls } = engine.kafka;
  const acl = `kafka-acls.sh --bootstrap-server ${brokers[0] ?? ''} --add --allow-principal User:walhook --operation Read --operation Write --operation Describe --topic ${topic}`;
  return [
    warning({
      code: 'topic_not_sealed',
      message: `state.encryption seals what is stored in Postgres, and not what is in topic ${topic}: bodies are in plain text there for as long as the topic keeps them`,
      fix: `${tls === null ? 'engine: { kafka: { tls: true } }, ' : ''}brokers whose disks are encrypted, and a topic that nobody else may read:\n${acl}`,
      path: 'engine.kafka',
    }),
  ];
}
