import type { Logger } from 'pino';
import { SystemdNotifier } from '../observe/systemd.ts';

/** What a service manager is told. */
export interface ServiceManager {
  /** It streams, or stands by; or a reload has ended. `status`: a line for people. */
  ready(status: string): void;
  /** SIGHUP: `ready` ends it. */
  reloading(): void;
  stopping(): void;
  /** Resolves once all that was to be said has been said. */
  told(): Promise<void>;
}

/** systemd, where it started us. Watchdog beats go on during a drain, which may take longer than its patience. */
export function serviceManager(log: Logger): ServiceManager {
  const notifier = SystemdNotifier.fromEnv(process.env, (message) => log.warn(message));
  if (notifier === null) return { ready: () => {}, reloading: () => {}, stopping: () => {}, told: () => Promise.resolve() };
  let last = Promise.resolve();
  let beating: NodeJS.Timeout | null = null;
  return {
    ready: (status) => {
      last = notifier.ready(status);
      if (notifier.watchdogEvery !== null) beating ??= setInterval(() => void notifier.watchdog(), notifier.watchdogEvery);
    },
    reloading: () => {
      last = notifier.reloading();
    },
    stopping: () => {
      last = notifier.stopping();
    },
    told: () => last,
  };
}
