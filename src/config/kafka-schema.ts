import { brokerList, brokerLists, groupName, keyTemplate, saslText, topicName, topicTemplate } from './kafka-names.ts';
import { listOf, narrowed, section, templated } from './kinds.ts';
import { choice, duration, integer, textOf } from './scalars.ts';
import { tls } from './tls-schema.ts';

/** The options `engine`, `source.kafka`, and those of an endpoint of `type: kafka`: see schema.ts. */

const TOPIC_PATTERN = '^[A-Za-z0-9._-]{1,249}$';

export const brokers = narrowed(listOf(textOf(brokerList), { min: 1, orOne: true }), brokerLists);

export const sasl = section({
  mechanism: choice(['plain', 'scram-sha-256', 'scram-sha-512']).meta({ description: 'How it is proven. `plain` sends the password itself: with `tls` alone is that safe.' }),
  username: textOf(saslText).meta({ description: 'The user. Azure Event Hubs: `$ConnectionString`.' }),
  password: textOf(saslText).meta({ description: 'The password, best from a variable or a file: `${KAFKA_PASSWORD}`, `${file:/run/secrets/kafka}`.' }),
});

/** A name with expressions in it, of an endpoint. */
export const endpointTopic = templated(topicTemplate, () => ({ type: 'string', minLength: 1 }));
export const endpointKey = templated(keyTemplate, () => ({ type: 'string', minLength: 1 }));

/** How a cluster is reached. */
const CLUSTER = {
  brokers: brokers.meta({ description: 'Brokers to begin with, `host:port`, a list or with commas between them: the others are learned from them.' }),
  tls: tls.optional().meta({ description: '`true`, or a mapping: connections have TLS. Absolute paths of PEM files, read at start and at reload. Default: in plain text.' }),
  sasl: sasl.optional().meta({ description: 'User and password (SASL). Default: none.' }),
};

/** The broker lets members have a session of 6 s to 30 min unless it is set otherwise (group.min.session.timeout.ms). */
const session = duration('6s', '30m').prefault('10s');

const kafkaEngine = section({
  ...CLUSTER,
  topic: textOf(topicName, { pattern: TOPIC_PATTERN }).prefault('walhook').meta({
    description: 'The topic, which is made at the first start if it is not there. It belongs to one walhook: what deliveries carry is in it.',
  }),
  partitions: integer({ min: 1, max: 10_000 }).prefault(24).meta({
    description: 'How many partitions the topic has: no more workers than that have anything to do. Order by row needs the number to stay: another number wants another topic.',
  }),
  replication: integer({ min: 1, max: 100 }).optional().meta({ description: 'Copies of each partition, when the topic is made. Default: what the broker says.' }),
  group: textOf(groupName).optional().meta({ description: 'The consumer group of the workers. Default: the name of the topic and `-deliver`.' }),
  session: session.meta({ description: 'A worker that has not been heard of for so long loses its partitions to others.' }),
});

export const engine = section({
  kafka: kafkaEngine.meta({ description: 'A topic of Kafka, or of what speaks its protocol: Redpanda, MSK, Event Hubs.' }),
});

export const kafkaSource = section({
  ...CLUSTER,
  topics: listOf(textOf(topicName), { min: 1, orOne: true }).meta({ description: 'The topics. `tables` and `hooks` name the tables as records name them.' }),
  group: textOf(groupName).prefault('walhook').meta({ description: 'The consumer group, which knows how far was read. One process of it reads at a time, others stand by.' }),
  session: session.meta({ description: 'Another process takes over from one that has not been heard of for so long.' }),
  format: choice(['event', 'debezium']).prefault('event').meta({ description: "What records hold: `event`, walhook's own; or `debezium`, the JSON envelope of Debezium, with its schema or without." }),
  from: choice(['earliest', 'latest']).prefault('earliest').meta({ description: 'Where a group that has read nothing yet begins: with what the topics hold already, or with what comes.' }),
});
