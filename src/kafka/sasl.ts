import type { SaslConfig } from '../config.ts';

const MECHANISMS = { plain: 'PLAIN', 'scram-sha-256': 'SCRAM-SHA-256', 'scram-sha-512': 'SCRAM-SHA-512' } as const;

/** Options of a client: who it is. Null: nobody asks. */
export function saslOptions(sasl: SaslConfig | null) {
  return sasl === null ? {} : { sasl: { mechanism: MECHANISMS[sasl.mechanism], username: sasl.username, password: sasl.password } };
}
