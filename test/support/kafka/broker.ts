import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../free-port.ts';
import { type KafkaDistribution, kafkaDistribution } from './distribution.ts';
import { type BrokerPorts, serverProperties } from './settings.ts';

export interface BrokerOptions {
  /** With the listeners that ask for a name (SASL), or speak TLS, beside the plain one. Default: false. */
  readonly secure?: boolean;
  /** Of server.properties. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Of Java, beside those of a broker that lives for a test, over which they win. Default: none. */
  readonly java?: readonly string[];
}

/** How long it may take to start or to stop, in milliseconds. */
const PATIENCE = 45_000;

/**
 * Says the broker's process id and how it ended. When our end of its stdin closes, however we end, the broker is killed (a
 * stopped one as well) and its folder removed; and it is gone when the broker is.
 */
const KEEPER = `
exec 3<&0; folder=$1; shift
"$@" </dev/null >>"$folder/log" 2>&1 3<&- & broker=$!
echo $broker
{ read -r _; trap '' TERM; kill -KILL $broker; sleep 0.2; rm -rf "$folder"; } <&3 & reader=$!
wait $broker; kill $reader 2>/dev/null`;

/** With its key in broker.key. Of a hundred years: `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=receiver.test -addext subjectAltName=…` */
const CERTIFICATE = new URL('broker.pem', import.meta.url);

/** The file of the certificate that clients of `secure` brokers must trust, which is for `localhost`, 127.0.0.1 and `receiver.test`. */
export const BROKER_CERTIFICATE = fileURLToPath(CERTIFICATE);

/** The same, read. */
export function brokerCertificate(): string {
  return readFileSync(CERTIFICATE, 'utf8');
}

/** A real Kafka broker, a process on 127.0.0.1, to be stopped, killed and started again in the same place. Its clients are the callers' own. */
export class KafkaBroker {
  /** @throws Error if there is no Kafka here (says how to get it), or it does not come up (with its log's end) */
  static async start({ secure = false, settings = {}, java = [] }: BrokerOptions = {}): Promise<KafkaBroker> {
    const found = await kafkaDistribution();
    const distribution = { ...found, java: [...found.java, ...java] };
    const ports: BrokerPorts = {
      plain: await freePort(),
      controller: await freePort(),
      secure: secure ? { sasl: await freePort(), tls: await freePort(), saslTls: await freePort() } : null,
    };
    const folder = mkdtempSync(join(tmpdir(), 'walhook-kafka-'));
    const data = join(folder, 'data');
    cpSync(distribution.formatted, data, { recursive: true });
    const pem = join(folder, 'listener.pem');
    writeFileSync(pem, readFileSync(new URL('broker.key', import.meta.url), 'utf8') + brokerCertificate(), { mode: 0o600 });
    writeFileSync(join(folder, 'server.properties'), serverProperties({ ports, data, pem, settings }));
    const broker = new KafkaBroker(distribution, folder, ports);
    try {
      await broker.start();
    } catch (error) {
      await broker.stop();
      throw error;
    }
    return broker;
  }

  readonly ports: BrokerPorts;
  /** Where it keeps everything, its log too. */
  readonly folder: string;
  readonly #distribution: KafkaDistribution;
  #keeper: ChildProcess | null = null;
  #pid = 0;

  private constructor(distribution: KafkaDistribution, folder: string, ports: BrokerPorts) {
    this.#distribution = distribution;
    this.folder = folder;
    this.ports = ports;
  }

  /** For clients: the plain listener. */
  get brokers(): string[] {
    return [`127.0.0.1:${this.ports.plain}`];
  }

  /** Of the broker's own process, while it runs. */
  get pid(): number {
    return this.#pid;
  }

  get running(): boolean {
    return this.#keeper !== null;
  }

  /** What it wrote since it was started last. */
  get log(): string {
    return readFileSync(join(this.folder, 'log'), 'utf8');
  }

  /** Starts it, on its ports and with what it had. Resolves once it serves clients. Nothing if it runs. */
  async start(): Promise<void> {
    if (this.#keeper !== null) return;
    const begin = performance.now();
    writeFileSync(join(this.folder, 'log'), '');
    const keeper = spawn('/bin/sh', ['-c', KEEPER, 'walhook-kafka', this.folder, 'java', ...this.#distribution.java, 'kafka.Kafka', join(this.folder, 'server.properties')], {
      cwd: '/',
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true, // what ends us from a terminal ends it by our end of its stdin
    });
    this.#keeper = keeper;
    keeper.once('exit', () => void (this.#keeper = this.#keeper === keeper ? null : this.#keeper));
    keeper.stdin?.on('error', () => undefined);
    for await (const line of createInterface({ input: keeper.stdout })) {
      this.#pid = Number(line);
      break;
    }
    while (!this.log.includes('Kafka Server started')) {
      if (!this.running) throw new Error(`Kafka ended as it started:\n${this.log.slice(-3000)}`);
      if (performance.now() - begin > PATIENCE) throw new Error(`Kafka has not started for ${PATIENCE} ms:\n${this.log.slice(-3000)}`);
      await pause(25);
    }
  }

  /** SIGSTOP: connections stay, nothing is answered. */
  suspend(): void {
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#signal('SIGCONT');
  }

  /** kill -9. It may be started again. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** As an operator stops it, in order. It may be started again. */
  async shutdown(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** For good: its folder goes too. May be called twice. */
  async stop(): Promise<void> {
    await this.#end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const keeper = this.#keeper;
    if (keeper === null) return;
    const ended = once(keeper, 'exit');
    this.#signal(signal);
    const late = setTimeout(() => this.#signal('SIGKILL'), PATIENCE);
    await ended;
    clearTimeout(late);
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#keeper === null) throw new Error('the broker does not run');
    process.kill(this.#pid, signal);
  }
}
