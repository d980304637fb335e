import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../free-port.ts';
import { archiveClasses } from './class-archive.ts';
import { SCRAM, serverProperties } from './settings.ts';

/** Kafka on this machine, ready to be started. */
export interface KafkaDistribution {
  /** What java is told before the name of a class. */
  readonly java: readonly string[];
  /** A data directory as StorageTool leaves it, to be copied. */
  readonly formatted: string;
}

const POM = fileURLToPath(new URL('pom.xml', import.meta.url));

/** Small, quick to start, and never slowed down by compiling for a long life. */
const JVM = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

/** Milliseconds that Maven may take: 45 MB. */
const PATIENCE = 240_000;

const CLUSTER = 'd2FsaG9vay10ZXN0cy0xMg';

/**
 * The jars (from Maven Central, the first time), a formatted data directory, and an archive of loaded classes, by which it
 * starts in half the time. They are kept in `WALHOOK_TEST_KAFKA_CACHE` (default: walhook/ in the user's cache directory), which
 * processes may fill at the same time.
 *
 * @throws Error why there is none, and how to get it
 */
export async function kafkaDistribution(): Promise<KafkaDistribution> {
  if (process.env['WALHOOK_TEST_KAFKA'] === 'off') throw new Error('WALHOOK_TEST_KAFKA is "off"');
  await runs('java', ['-version']).catch((cause: unknown) => {
    throw new Error(`${reason(cause)}: install Java 17 or later (apt-get install openjdk-17-jre-headless)`, { cause });
  });
  const version = /<artifactId>kafka_2\.13<\/artifactId>\s*<version>(.+?)</.exec(await readFile(POM, 'utf8'))?.[1] ?? '';
  const cache = process.env['WALHOOK_TEST_KAFKA_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'walhook');
  const place = join(cache, `kafka-${version}-1`);
  const archive = join(place, 'classes.jsa');
  const java = [...JVM, '-cp', join(place, 'jars', '*')];
  const formatted = join(place, 'formatted');
  if (!existsSync(place)) {
    await fill(cache, place);
    await archiveClasses({ java, formatted, archive }).catch(() => undefined); // it starts without one, slower
  }
  return { java: existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`, ...java] : java, formatted };
}

/** Makes it beside its place, where it comes in one step. Who comes second finds it taken. */
async function fill(cache: string, place: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(`${place}.`);
  try {
    // A repository of its own: Maven's is not made for two that download at once.
    await runs('mvn', ['-B', '-q', '-C', '-f', POM, `-Dmaven.repo.local=${join(draft, 'repository')}`, 'dependency:copy-dependencies', `-DoutputDirectory=${join(draft, 'jars')}`]).catch((cause: unknown) => {
      throw new Error(`its jars could not be had: ${reason(cause)}. It takes Maven (apt-get install maven) and Maven Central, once: node test/support/kafka/fetch.ts`, { cause });
    });
    await format(draft);
    for (const used of ['repository', 'server.properties']) await rm(join(draft, used), { recursive: true, force: true });
    await rename(draft, place).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function format(draft: string): Promise<void> {
  const file = join(draft, 'server.properties');
  const ports = { plain: await freePort(), controller: await freePort(), secure: null };
  await writeFile(file, serverProperties({ ports, data: join(draft, 'formatted'), pem: '', settings: {} }));
  await runs('java', [...JVM, '-cp', join(draft, 'jars', '*'), 'kafka.tools.StorageTool', 'format', '-t', CLUSTER, '-c', file, ...SCRAM.flatMap((secret) => ['--add-scram', secret])]);
}

/** @throws Error with what it wrote last, if it does not end well */
function runs(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE, killSignal: 'SIGKILL' });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => void (said = (said + text).slice(-2000)));
    child.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ENOENT' ? new Error(`there is no ${program}`) : error));
    child.once('close', (code, signal) => (code === 0 ? resolve() : reject(new Error(`${program} ended with ${signal ?? code}: ${said.trim()}`))));
  });
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
