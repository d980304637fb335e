import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

/*
 * npm run test:compose: builds the image, brings docker-compose.yml up under a name of its own, inserts a row through
 * psql, waits for the webhook in the receiver's log, and takes everything down, its volume too. Needs a Docker engine.
 * Of docker-compose.kafka.yml it only asks whether compose can read it.
 */

const ROOT = resolve(import.meta.dirname, '../..');
const PROJECT = `walhook-${randomUUID().slice(0, 8)}`;
const DEADLINE = 120_000;

/** Compose 2 is a plugin of docker, compose 1 a program. */
const COMPOSE = spawnSync('docker-compose', ['version']).status === 0 ? ['docker-compose'] : ['docker', 'compose'];

function command(args: readonly string[]): [string, string[]] {
  const [program = 'docker-compose', ...first] = COMPOSE;
  return [program, [...first, '--project-name', PROJECT, ...args]];
}

function compose(...args: readonly string[]): string {
  console.log(`$ ${COMPOSE.join(' ')} ${args.join(' ')}`);
  const [program, all] = command(args);
  const { status, stdout, error } = spawnSync(program, all, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) throw new Error(`${args.join(' ')} failed with ${status ?? error?.message}\n${stdout}`);
  return stdout;
}

/** Resolves with the first line of the receiver's log that `wanted` accepts. */
async function receiverLine(wanted: (line: string) => boolean): Promise<string> {
  const [program, args] = command(['logs', '--follow', '--no-color', 'receiver']);
  const logs = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  const timer = setTimeout(() => logs.kill(), DEADLINE);
  try {
    for await (const line of createInterface({ input: logs.stdout })) {
      if (wanted(line)) return line;
    }
  } finally {
    clearTimeout(timer);
    logs.kill();
  }
  throw new Error(`no webhook at the receiver within ${DEADLINE / 1000} s`);
}

function psql(sql: string): void {
  compose('exec', '-T', 'postgres', 'psql', '-v', 'ON_ERROR_STOP=1', '-U', 'app', '-d', 'app', '-c', sql);
}

/** What the container of a stopped service ended with. */
function exitCode(service: string): number {
  const id = compose('ps', '-a', '-q', service).trim();
  const { stdout } = spawnSync('docker', ['inspect', '--format', '{{.State.ExitCode}}', id], { encoding: 'utf8' });
  return Number(stdout);
}

async function tryIt(): Promise<void> {
  compose('--file', 'docker-compose.kafka.yml', 'config', '--quiet');
  compose('up', '-d', '--build');
  const email = `${randomUUID()}@example.com`;
  psql(`insert into profiles (email, first_name, country, country_visible) values ('${email}', 'Ada', 'hidden country', false)`);
  const line = await receiverLine((candidate) => candidate.includes(email));
  console.log(line);
  const flaws = [
    !line.includes('signature ok') && 'the signature does not verify',
    !line.includes('"operation":"data_insert"') && 'the operation is not data_insert',
    !line.includes('"redacted":["country"]') && 'country is not named as redacted',
    line.includes('hidden country') && 'a hidden value was sent',
  ].filter((flaw) => flaw !== false);
  compose('stop', 'walhook');
  const code = exitCode('walhook');
  if (code !== 0) flaws.push(`walhook ended with ${code} on SIGTERM`);
  if (flaws.length > 0) throw new Error(flaws.join('; '));
}

try {
  await tryIt();
  console.log('compose: ok');
} catch (error) {
  process.exitCode = 1;
  console.error(`compose: ${error instanceof Error ? error.message : String(error)}`);
  spawnSync(...command(['logs', '--no-color', '--tail', '50']), { cwd: ROOT, stdio: 'inherit' });
} finally {
  spawnSync(...command(['down', '--volumes', '--timeout', '5']), { cwd: ROOT, stdio: 'inherit' });
}
