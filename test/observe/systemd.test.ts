import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SystemdNotifier } from '../../src/observe/systemd.ts';

let folder: string;
let env: NodeJS.ProcessEnv;
let warnings: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'walhook-systemd-'));
  env = { NOTIFY_SOCKET: '/run/systemd/notify', PATH: `${folder}:${process.env['PATH']}`, DATABASE_URL: 'postgres://u:secret@db/app' };
  warnings = [];
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Puts a `systemd-notify` first in the path: a shell script that may do `first`, then writes down how it was called. */
function fakeProgram(first = ''): void {
  const program = join(folder, 'systemd-notify');
  writeFileSync(program, `#!/bin/sh\n${first}\n{ echo "$*"; env; echo; } >> '${join(folder, 'calls')}'\n`);
  chmodSync(program, 0o755);
}

/** Each call: its arguments, then its environment. */
function calls(): string[] {
  return readFileSync(join(folder, 'calls'), 'utf8').split('\n\n').filter((call) => call !== '');
}

function messages(): (string | undefined)[] {
  return calls().map((call) => call.split('\n')[0]);
}

function notifier(): SystemdNotifier {
  const made = SystemdNotifier.fromEnv(env, (message) => warnings.push(message));
  if (made === null) throw new Error('no notifier');
  return made;
}

describe('fromEnv', () => {
  test('is null without a socket, as everywhere but under systemd', () => {
    expect(SystemdNotifier.fromEnv({}, () => {})).toBeNull();
    expect(SystemdNotifier.fromEnv({ NOTIFY_SOCKET: '' }, () => {})).toBeNull();
  });

  test('takes half of the watchdog time', () => {
    env['WATCHDOG_USEC'] = '30000000';
    expect(notifier().watchdogEvery).toBe(15_000);
  });

  test('has no watchdog where the unit has none, or where it is meant for another process', () => {
    expect(notifier().watchdogEvery).toBeNull();
    env['WATCHDOG_USEC'] = '30000000';
    env['WATCHDOG_PID'] = String(process.pid + 1);
    expect(notifier().watchdogEvery).toBeNull();
  });
});

describe('messages', () => {
  test('go out as sd_notify has them, in the order they were sent', async () => {
    fakeProgram();
    const systemd = notifier();
    await Promise.all([systemd.ready(), systemd.status('streaming\nfrom 0/1'), systemd.watchdog(), systemd.stopping()]);
    expect(messages()).toEqual(['READY=1', 'STATUS=streaming from 0/1', 'WATCHDOG=1', 'STOPPING=1']);
    expect(warnings).toEqual([]);
  });

  test('a reload carries its time on the monotonic clock', async () => {
    fakeProgram();
    const before = process.hrtime.bigint() / 1000n;
    await notifier().reloading();
    const sent = /^RELOADING=1 MONOTONIC_USEC=(\d+)$/.exec(messages()[0] ?? '')?.[1] ?? '0';
    expect(BigInt(sent)).toBeGreaterThanOrEqual(before);
  });

  test('the child gets the socket and nothing secret', async () => {
    fakeProgram();
    await notifier().ready();
    expect(calls()[0]).toContain('NOTIFY_SOCKET=/run/systemd/notify');
    expect(calls()[0]).not.toContain('secret');
  });

  test('beats of the watchdog do not pile up', async () => {
    fakeProgram();
    const systemd = notifier();
    await Promise.all([systemd.watchdog(), systemd.watchdog(), systemd.watchdog()]);
    await systemd.watchdog();
    expect(messages()).toEqual(['WATCHDOG=1', 'WATCHDOG=1']);
  });
});

describe('a message that cannot be sent', () => {
  test('is a warning when the program is not there', async () => {
    env['PATH'] = folder;
    await notifier().ready();
    expect(warnings).toEqual([expect.stringContaining('ENOENT')]);
  });

  test('is a warning when the program fails, and the next one is sent', async () => {
    fakeProgram('[ "$*" = READY=1 ] && exit 1');
    const systemd = notifier();
    await systemd.ready();
    await systemd.stopping();
    expect(warnings).toEqual([expect.stringContaining('READY=1')]);
    expect(messages()).toEqual(['STOPPING=1']);
  });
});
