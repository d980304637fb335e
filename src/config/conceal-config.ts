import { inspect } from 'node:util';
import type { Config, EndpointConfig, HookConfig, KafkaClusterConfig } from '../config.ts';
import { maskHeader, maskUrl } from './mask.ts';

const HIDDEN = '***';

/**
 * Makes what has secrets in it show none by accident: printed, as JSON, or as a part of an error, it says what it is and keeps
 * the rest to itself. Its properties are what they were. What holds a secret is marked itself, so that copies of what
 * surrounds it are no way around.
 */
export function concealConfig(config: Config): Config {
  const { source, state, server, tracing, engine } = config;
  for (const part of [source, state]) shows(part, () => ({ ...part, url: part.url === null ? null : maskUrl(part.url) }));
  shows(server, () => ({ ...server, token: server.token === null ? null : HIDDEN }));
  if (tracing !== null) {
    shows(tracing.url, () => maskUrl(tracing.url));
    concealHeaders(tracing.headers);
  }
  for (const cluster of [engine?.kafka ?? null, source.kafka]) if (cluster !== null) concealCluster(cluster);
  for (const endpoint of config.endpoints) concealEndpoint(endpoint);
  for (const hook of config.hooks) concealHook(hook);
  for (const test of config.tests) shows(test, () => ({ hook: test.hook, name: test.name, operation: test.operation }));
  return config;
}

function concealEndpoint({ url, headers, signing, oauth2, kafka }: EndpointConfig): void {
  if (kafka !== null) {
    concealCluster(kafka);
    // Any text may have a variable filled in.
    shows(kafka, () => ({ ...kafka, topic: HIDDEN, key: kafka.key === null ? null : HIDDEN }));
  }
  shows(url, () => maskUrl(url));
  concealHeaders(headers);
  if (signing !== null) shows(signing, () => ({ secrets: signing.secrets.map(() => HIDDEN) }));
  if (oauth2 === null) return;
  shows(oauth2.token_url, () => maskUrl(oauth2.token_url));
  shows(oauth2, () => ({ ...oauth2, client_secret: HIDDEN }));
}

function concealCluster({ sasl }: KafkaClusterConfig): void {
  if (sasl !== null) shows(sasl, () => ({ ...sasl, password: HIDDEN }));
}

function concealHeaders(headers: ReadonlyMap<string, string>): void {
  shows(headers, () => Object.fromEntries([...headers].map(([name, value]) => [name, maskHeader([name, value])[1] === HIDDEN ? HIDDEN : `(${value.length} characters)`])));
}

/** Any text of a hook may have a variable filled in. */
function concealHook(hook: HookConfig): void {
  const { headers, enrich } = hook;
  shows(headers, () => [...headers.keys()]);
  for (const lookup of enrich.values()) shows(lookup, () => ({ ...lookup, sql: HIDDEN }));
  shows(hook, () => ({ ...hook, when: hook.when === null ? null : HIDDEN, body: hook.body === null ? null : HIDDEN, path: hook.path === null ? null : HIDDEN, method: hook.method === null ? null : HIDDEN, enrich: [...enrich.keys()] }));
}

function shows(part: object, shown: () => unknown): void {
  Object.defineProperties(part, { toJSON: { value: shown }, [inspect.custom]: { value: shown } });
}
