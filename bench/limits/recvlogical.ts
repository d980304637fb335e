import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The version of pg_recvlogical on PATH; null if there is none. */
export function recvlogicalVersion(): string | null {
  const { status, stdout } = spawnSync('pg_recvlogical', ['--version'], { encoding: 'utf8' });
  return status === 0 ? (/\d+(\.\d+)*/.exec(stdout)?.[0] ?? null) : null;
}

/** Seconds that pg_recvlogical takes for what a slot has up to an LSN, from when it streams. */
export async function recvlogical({ url, slot, publication, end }: { url: string; slot: string; publication: string; end: string }): Promise<number> {
  const child = spawn(
    'pg_recvlogical',
    [
      '--dbname', url, '--slot', slot, '--start', '--endpos', end, '--file', '/dev/null', '--no-loop', '--fsync-interval', '0', '--verbose',
      '-o', 'proto_version=1', '-o', `publication_names=${publication}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let began = performance.now();
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line);
    if (line.includes('streaming initiated')) began = performance.now();
  });
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`pg_recvlogical ended with ${String(code)}: ${said.slice(-5).join('\n')}`);
  return (performance.now() - began) / 1000;
}
