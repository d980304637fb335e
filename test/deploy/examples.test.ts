import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Config } from '../../src/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { EXIT } from '../../src/errors.ts';

const ROOT = resolve(import.meta.dirname, '../..');
interface ComposeService {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly healthcheck?: unknown;
  readonly deploy?: { readonly replicas: number };
  readonly stop_grace_period?: string;
}

interface KafkaCompose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function load(text: string, env: Readonly<Record<string, string>>): Config {
  return loadConfig({
    text,
    file: 'walhook.yaml',
    env,
    readFile: (path) => {
      throw new Error(`no file ${path}`);
    },
  });
}

/** What a directive of the unit says, each time it is there. */
function unit(directive: string): (string | undefined)[] {
  return [...read('deploy/walhook.service').matchAll(new RegExp(`^${directive}=(.*)$`, 'gm'))].map((match) => match[1]);
}

describe('docker-compose.yml', () => {
  const compose = read('docker-compose.yml');
  const secret = /whsec_\S+/.exec(compose)?.[0] ?? '';
  const config = load(read('examples/compose/walhook.yaml'), { DATABASE_URL: 'postgres://app:app@postgres/app', WEBHOOK_SECRET: secret });

  test('its configuration is valid and watches the table that it makes', () => {
    expect(config.tables.map(({ table }) => table)).toEqual(['profiles']);
    expect(read('examples/compose/init.sql')).toContain('create table profiles (');
  });

  test('gives a drain the time it may take', () => {
    const grace = Number(/stop_grace_period: (\d+)s/.exec(compose)?.[1]);
    expect(grace * 1000).toBeGreaterThan(config.limits.shutdown);
  });
});

describe('docker-compose.kafka.yml', () => {
  const { services, volumes }: KafkaCompose = parse(read('docker-compose.kafka.yml'), { merge: true });
  const { environment = {} } = services['tail'] ?? {};
  const config = load(read('examples/compose/walhook-kafka.yaml'), environment);
  const roleOf = (name: string): string | undefined => services[name]?.command?.at(-1);

  test('one tail and two workers, from one configuration', () => {
    expect([roleOf('tail'), roleOf('deliver'), services['deliver']?.deploy?.replicas]).toEqual(['tail', 'deliver', 2]);
    expect(services['deliver']).toMatchObject({ environment, volumes: services['tail']?.volumes ?? [] });
  });

  test('its configuration goes by the broker that is there, and watches the table that is made', () => {
    const kafka = config.engine?.kafka;
    expect(kafka?.brokers.map((broker) => `PLAINTEXT://${broker}`)).toEqual([services['kafka']?.environment?.['KAFKA_ADVERTISED_LISTENERS']]);
    expect(kafka?.replication).toBe(1);
    expect(config.tables.map(({ table }) => table)).toEqual(['profiles']);
  });

  test('what services need and mount is there', () => {
    const all = Object.values(services);
    expect(all.flatMap(({ depends_on: needed = {} }) => Object.keys(needed)).filter((name) => services[name]?.healthcheck === undefined)).toEqual([]);
    const mounted = all.flatMap((service) => service.volumes ?? []).map((volume) => volume.split(':')[0] ?? '');
    expect(mounted.filter((place) => (place.startsWith('.') ? !existsSync(join(ROOT, place)) : !(place in volumes)))).toEqual([]);
  });

  test('gives a drain the time it may take', () => {
    for (const name of ['tail', 'deliver']) expect(Number.parseInt(services[name]?.stop_grace_period ?? '', 10) * 1000).toBeGreaterThan(config.limits.shutdown);
  });
});

describe('walhook.service', () => {
  const config = load(read('examples/compose/walhook.yaml'), { DATABASE_URL: 'postgres://localhost/app', WEBHOOK_SECRET: SECRET });

  test('gives a drain the time it may take', () => {
    expect(Number(unit('TimeoutStopSec')[0]) * 1000).toBeGreaterThan(config.limits.shutdown);
  });

  test('does not start again when only an operator can help', () => {
    const codes = unit('RestartPreventExitStatus')[0]?.split(' ').map(Number);
    expect(codes).toEqual([EXIT.usage, EXIT.notPermitted, EXIT.badConfig]);
  });

  test('lets the child that speaks to systemd be heard', () => {
    expect(unit('Type')).toEqual(['notify']);
    expect(unit('NotifyAccess')).toEqual(['all']);
  });
});
