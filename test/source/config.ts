import type { Config } from '../../src/config.ts';
import { loadConfig } from '../../src/config/load.ts';

/** One table, one signed endpoint, one hook; `replica_identity` and more as the test says. */
export interface ConfigParts {
  /** Lines under `profiles:`; default: nothing but its name. */
  readonly table?: string;
  readonly hook?: string;
  readonly source?: string;
  readonly more?: string;
}

export function configOf({ table = 'lookup: []', hook = '', source = '', more = '' }: ConfigParts = {}): Config {
  const text = `
version: 1
source: { url: postgres://db/app${source} }
tables:
  profiles: { ${table} }
endpoints:
  crm: { url: https://crm.example.com/hooks, signing: { secrets: [whsec_${Buffer.alloc(32, 1).toString('base64')}] } }
hooks:
  - { name: crm-profiles, table: profiles, to: crm${hook} }
${more}`;
  return loadConfig({ text, file: 'walhook.yaml', env: {}, readFile: () => '' });
}
