import { cpus, release, totalmem, type } from 'node:os';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findEmbeddedBinaries } from '../../src/commands/embedded-binaries.ts';
import { recvlogicalVersion } from '../limits/recvlogical.ts';

/** What the suite ran on, by what it is called. */
export type Machine = Readonly<Record<string, string>>;

export function thisMachine(): Machine {
  const all = cpus();
  return {
    CPU: `${all[0]?.model.trim() ?? 'unknown'}, ${all.length} cores, shared by Postgres, walhook and the receiver`,
    Memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    System: `${type()} ${release()}, ${distribution()}`,
    Node: process.version.slice(1),
    Postgres: `${postgresVersion()}, embedded, with fsync and autovacuum off`,
    'pg_recvlogical': recvlogicalVersion() ?? 'not installed',
    nginx: nginxVersion() ?? 'not installed',
  };
}

function distribution(): string {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '';
  } catch {
    return 'unknown';
  }
}

function postgresVersion(): string {
  const { stdout } = spawnSync(join(findEmbeddedBinaries(), 'bin', 'postgres'), ['--version'], { encoding: 'utf8' });
  return /\d+(\.\d+)*/.exec(stdout)?.[0] ?? 'unknown';
}

function nginxVersion(): string | null {
  const { status, stderr } = spawnSync('nginx', ['-v'], { encoding: 'utf8' });
  return status === 0 ? (/\d+(\.\d+)*/.exec(stderr)?.[0] ?? null) : null;
}
