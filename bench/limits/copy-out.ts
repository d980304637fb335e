import { spawn, spawnSync } from 'node:child_process';

/** The version of psql on PATH; null if there is none. */
export function psqlVersion(): string | null {
  const { status, stdout } = spawnSync('psql', ['--version'], { encoding: 'utf8' });
  return status === 0 ? (/\d+(\.\d+)*/.exec(stdout)?.[0] ?? null) : null;
}

/** Rows a second of `COPY … TO STDOUT`, thrown away by psql: from when it has connected. */
export async function copyOut({ url, table, rows }: { readonly url: string; readonly table: string; readonly rows: number }): Promise<number> {
  // What it prints for \echo comes before the rows: by then it has connected.
  const child = spawn('psql', ['--no-psqlrc', '--quiet', '--dbname', url], { stdio: ['pipe', 'pipe', 'inherit'] });
  let began = 0;
  child.stdout.once('data', () => {
    began = performance.now();
    child.stdin.end(`copy ${table} to stdout \\g /dev/null\n`);
  });
  child.stdout.resume();
  child.stdin.write('\\echo connected\n');
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0 || began === 0) throw new Error(`psql ended with ${String(code)}`);
  return (rows * 1000) / (performance.now() - began);
}
