import { execFile } from 'node:child_process';

/** A program that hangs must not hold up a shutdown: milliseconds. */
const TIMEOUT = 5000;

/**
 * Tells systemd how the service is, by sd_notify(3), for a unit with `Type=notify`.
 *
 * The socket is a Unix datagram socket, which Node cannot open, so each message is sent by systemd's own
 * `systemd-notify`, and the unit needs `NotifyAccess=all` because the sender is a child of the main process.
 * Messages go one after another. A message that cannot be sent is a warning, never an error: the service works,
 * and systemd will act on what it does not hear.
 * https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
 */
export class SystemdNotifier {
  /** How often `watchdog` must be called, in milliseconds: half of the unit's `WatchdogSec`. Null where it has none. */
  readonly watchdogEvery: number | null;
  readonly #socket: string;
  readonly #path: string | undefined;
  readonly #warn: (message: string) => void;
  #last: Promise<void> = Promise.resolve();
  #beating = false;

  private constructor(socket: string, env: NodeJS.ProcessEnv, warn: (message: string) => void) {
    this.#socket = socket;
    this.#path = env['PATH'];
    this.#warn = warn;
    this.watchdogEvery = watchdogEvery(env);
  }

  /**
   * Null unless systemd started this process with `Type=notify`. `warn` gets one line for each message that could
   * not be sent.
   */
  static fromEnv(env: NodeJS.ProcessEnv, warn: (message: string) => void): SystemdNotifier | null {
    const socket = env['NOTIFY_SOCKET'];
    if (socket === undefined || socket === '') return null;
    return new SystemdNotifier(socket, env, warn);
  }

  /** The service is up, or a reload has ended. `status`: a line for `systemctl status`. */
  ready(status = ''): Promise<void> {
    return this.#send('READY=1', ...(status === '' ? [] : [statusLine(status)]));
  }

  /** SIGHUP: the configuration is being read again. `ready` ends it. */
  reloading(): Promise<void> {
    return this.#send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  }

  /** The drain has begun. */
  stopping(): Promise<void> {
    return this.#send('STOPPING=1');
  }

  /** The event loop turns. A beat is left out while the one before it is on its way. */
  async watchdog(): Promise<void> {
    if (this.#beating) return;
    this.#beating = true;
    await this.#send('WATCHDOG=1');
    this.#beating = false;
  }

  /** A line for `systemctl status`. Must not hold a row's values or a secret. */
  status(text: string): Promise<void> {
    return this.#send(statusLine(text));
  }

  #send(...assignments: readonly string[]): Promise<void> {
    this.#last = this.#last.then(() => this.#run(assignments));
    return this.#last;
  }

  #run(assignments: readonly string[]): Promise<void> {
    // Nothing else of the environment: it holds the service's secrets.
    const env = { NOTIFY_SOCKET: this.#socket, ...(this.#path === undefined ? {} : { PATH: this.#path }) };
    return new Promise((resolve) => {
      execFile('systemd-notify', assignments, { env, timeout: TIMEOUT }, (error) => {
        if (error !== null) this.#warn(`systemd-notify ${assignments.join(' ')}: ${error.message.trim()}`);
        resolve();
      });
    });
  }
}

function statusLine(text: string): string {
  return `STATUS=${text.replaceAll(/\s+/g, ' ')}`;
}

/** WATCHDOG_USEC is meant for the process that WATCHDOG_PID names, if it names one: sd_watchdog_enabled(3). */
function watchdogEvery(env: NodeJS.ProcessEnv): number | null {
  const pid = env['WATCHDOG_PID'];
  if (pid !== undefined && pid !== String(process.pid)) return null;
  const microseconds = Number(env['WATCHDOG_USEC'] ?? Number.NaN);
  return microseconds > 0 ? Math.floor(microseconds / 2000) : null;
}
