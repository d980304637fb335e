import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { EXIT } from '../../src/errors.ts';

const ROOT = resolve(import.meta.dirname, '../..');
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
