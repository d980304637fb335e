import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { type LoadedConfig, readLoaded } from '../../src/commands/read-config.ts';
import type { FailedReload } from '../../src/commands/reloading.ts';
import { StateReader } from '../../src/commands/state-reader.ts';
import type { HeldChange } from '../../src/held-changes.ts';
import { Inspector } from '../../src/inspecting/inspector.ts';
import { daemonEnvironment, startDaemon, type TestDaemon } from '../support/daemon.ts';
import type { TestDatabase } from '../support/postgres.ts';
import type { Receiver } from '../support/receiver.ts';

export interface InspectedOptions {
  readonly db: TestDatabase;
  readonly yaml: string;
  readonly receivers: Readonly<Record<string, Receiver>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly changes?: readonly HeldChange[];
}

export interface Inspected {
  readonly inspector: Inspector;
  readonly daemon: TestDaemon;
  /** Of the configuration file. */
  readonly path: string;
  /** Of a reload that failed. */
  failed: FailedReload | null;
  /** Writes the file, and has the daemon run it. */
  apply(yaml: string): Promise<void>;
}

/** A daemon that runs, and an inspector that looks into it. */
export async function inspected({ db, yaml, receivers, env = {}, changes = [] }: InspectedOptions): Promise<Inspected> {
  const folder = mkdtempSync(join(tmpdir(), 'walhook-inspected-'));
  const path = join(folder, 'walhook.yaml');
  writeFileSync(path, yaml);
  const sources = { env: daemonEnvironment({ db, receivers, env }), readFile: (name: string) => readFileSync(name, 'utf8') };
  let loaded: LoadedConfig = readLoaded(path, sources);
  const daemon = await startDaemon({ db, yaml, receivers, env });
  const state = new StateReader(loaded.config);
  onTestFinished(async () => {
    await state.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const found: Inspected = {
    daemon,
    path,
    failed: null,
    inspector: new Inspector({
      reloading: {
        get loaded() {
          return loaded;
        },
        get failed() {
          return found.failed;
        },
        reload: () => Promise.resolve(),
      },
      service: {
        status: () => daemon.status,
        get daemon() {
          return daemon.running;
        },
      },
      state: () => state,
      fleet: () => ({ report: () => Promise.resolve(null) }),
      traffic: { rates: () => ({ since: new Date(0).toISOString(), endpoints: [], hooks: [] }), change: (place) => changes.find(({ report }) => report.place === place)?.report ?? null },
      changes: { heldChange: (place) => changes.find(({ report }) => report.place === place)?.change ?? null, placeOf: (id) => changes.find(({ report }) => report.deliveries.some((made) => made.id === id))?.report.place ?? null },
      log: pino({ level: 'silent' }),
    }),
    apply: async (next) => {
      writeFileSync(path, next);
      loaded = readLoaded(path, sources);
      await daemon.restart(next);
    },
  };
  return found;
}
