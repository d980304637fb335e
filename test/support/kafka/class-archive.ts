import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../free-port.ts';
import { serverProperties } from './settings.ts';

export interface ArchiveOptions {
  /** What java is told before the name of a class. */
  readonly java: readonly string[];
  /** A formatted data directory. */
  readonly formatted: string;
  /** Where the archive goes. */
  readonly archive: string;
}

/**
 * Runs a broker once and keeps the classes that it loaded, for later ones to start with: half the time.
 * The jars may not move afterwards. https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html
 */
export async function archiveClasses({ java, formatted, archive }: ArchiveOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'walhook-kafka-archive-'));
  const draft = `${archive}.${process.pid}`;
  try {
    const data = join(folder, 'data');
    await cp(formatted, data, { recursive: true });
    const ports = { plain: await freePort(), controller: await freePort(), secure: null };
    const file = join(folder, 'server.properties');
    await writeFile(file, serverProperties({ ports, data, pem: '', settings: {} }));
    const child = spawn('java', [...java, `-XX:ArchiveClassesAtExit=${draft}`, 'kafka.Kafka', file], { stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 });
    const ended = once(child, 'exit');
    createInterface({ input: child.stderr }).on('line', (line) => line.includes('Kafka Server started') && child.kill('SIGTERM'));
    await ended;
    await rename(draft, archive);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(draft, { force: true });
  }
}
