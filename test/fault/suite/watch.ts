import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { DaemonProcess } from '../../support/daemon-process.ts';

/** How often a daemon is looked at, and asked for its status, in milliseconds. */
const LOOK = 200;
const ASK = 1_000;

/** Looks at daemons from outside while they run, and keeps the most it has seen. Linux only: elsewhere it sees nothing. */
export class Watch {
  rss = 0;
  sockets = 0;
  /** Deliveries in memory, as their status says. */
  inFlight = 0;
  readonly #onStatus: (text: string) => void;

  /** `onStatus` gets each answer of `/api/v1/status`. */
  constructor(onStatus: (text: string) => void) {
    this.#onStatus = onStatus;
  }

  /** Until it has ended. */
  follow(daemon: DaemonProcess, token: string): void {
    const look = setInterval(() => this.#look(daemon.pid), LOOK);
    const ask = setInterval(() => void this.#ask(daemon, token), ASK);
    void daemon.exit.then(() => {
      clearInterval(look);
      clearInterval(ask);
    });
  }

  #look(pid: number): void {
    try {
      const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      this.rss = Math.max(this.rss, Number(kilobytes ?? 0) * 1024);
      const sockets = readdirSync(`/proc/${pid}/fd`).filter((fd) => isSocket(`/proc/${pid}/fd/${fd}`));
      this.sockets = Math.max(this.sockets, sockets.length);
    } catch {
      // It has just ended.
    }
  }

  async #ask(daemon: DaemonProcess, token: string): Promise<void> {
    const line = daemon.log.find(({ msg }) => msg.includes('health and status are on'));
    const [origin] = /http:\/\/[^\s/]+/.exec(line?.msg ?? '') ?? [];
    if (origin === undefined) return;
    try {
      const response = await fetch(`${origin}/api/v1/status`, { headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(ASK) });
      const text = await response.text();
      this.#onStatus(text);
      const { in_flight: inFlight } = JSON.parse(text) as { in_flight?: { deliveries?: number } };
      this.inFlight = Math.max(this.inFlight, inFlight?.deliveries ?? 0);
    } catch {
      // It has ended, or is stopped.
    }
  }
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:');
  } catch {
    return false;
  }
}
