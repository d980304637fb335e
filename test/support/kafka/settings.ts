/** Ports of 127.0.0.1, one for each listener. The last three only where the broker was asked for them. */
export interface BrokerPorts {
  readonly plain: number;
  readonly controller: number;
  readonly secure: SecurePorts | null;
}

export interface SecurePorts {
  /** SASL in plain text. */
  readonly sasl: number;
  readonly tls: number;
  /** SASL over TLS. */
  readonly saslTls: number;
}

/** Who may log in where SASL is asked for, by any of its mechanisms. */
export const USER = { username: 'walhook', password: 'not-a-secret' } as const;

export const NODE_ID = 1;

/** What the shared secrets of SCRAM are made from when the data directory is formatted. */
export const SCRAM = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map((mechanism) => `${mechanism}=[name=${USER.username},password=${USER.password}]`);

export interface BrokerLayout {
  readonly ports: BrokerPorts;
  /** Where its logs of records are. */
  readonly data: string;
  /** A file with the key and the certificate of its TLS listeners, PEM. */
  readonly pem: string;
  /** Win over what is here. */
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * server.properties of a broker that is its own controller: small, and quick to notice that a member or the broker itself was away.
 * https://kafka.apache.org/documentation/#brokerconfigs
 */
export function serverProperties({ ports, data, pem, settings }: BrokerLayout): string {
  const secure: Readonly<Record<string, number>> = ports.secure === null ? {} : { SASL_PLAINTEXT: ports.secure.sasl, SSL: ports.secure.tls, SASL_SSL: ports.secure.saslTls };
  const clients = Object.entries({ PLAINTEXT: ports.plain, ...secure }).map(([name, port]) => `${name}://127.0.0.1:${port}`);
  const all: Readonly<Record<string, string>> = {
    'process.roles': 'broker,controller',
    'node.id': String(NODE_ID),
    'controller.quorum.voters': `${NODE_ID}@127.0.0.1:${ports.controller}`,
    listeners: [...clients, `CONTROLLER://127.0.0.1:${ports.controller}`].join(','),
    'advertised.listeners': clients.join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': ['CONTROLLER:PLAINTEXT', ...['PLAINTEXT', ...Object.keys(secure)].map((name) => `${name}:${name}`)].join(','),
    'log.dirs': data,
    'num.network.threads': '2',
    'num.io.threads': '4',
    'background.threads': '2',
    'num.recovery.threads.per.data.dir': '2',
    // Each partition has index files of this size, which are sparse; the cleaner's buffer is not.
    'log.index.size.max.bytes': '1048576',
    'log.cleaner.dedupe.buffer.size': '2097152',
    'auto.create.topics.enable': 'false',
    'offsets.topic.num.partitions': '4',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '2',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    // One that was killed may come back after this long: until then its registration counts as alive.
    'broker.session.timeout.ms': '1000',
    'broker.heartbeat.interval.ms': '200',
    ...(ports.secure === null ? {} : security(pem)),
    ...settings,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function security(pem: string): Record<string, string> {
  const mechanisms: Record<string, string> = { 'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512' };
  for (const listener of ['sasl_plaintext', 'sasl_ssl']) {
    mechanisms[`listener.name.${listener}.plain.sasl.jaas.config`] = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${USER.username}="${USER.password}";`;
    for (const scram of ['scram-sha-256', 'scram-sha-512']) {
      mechanisms[`listener.name.${listener}.${scram}.sasl.jaas.config`] = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
    }
  }
  return { ...mechanisms, 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': pem, 'ssl.client.auth': 'none' };
}
