import type { Logger } from 'pino';
import { checkFindings } from '../commands/check-findings.ts';
import type { StoredEndpoints } from '../commands/daemon-report.ts';
import type { FleetReader } from '../commands/fleet-reader.ts';
import type { LoadedConfig } from '../commands/read-config.ts';
import type { Reloading } from '../commands/reloading.ts';
import type { StateReader } from '../commands/state-reader.ts';
import { withSource } from '../commands/with-source.ts';
import type { Config } from '../config.ts';
import { MaskedText } from '../config/masked-text.ts';
import { Places } from '../config/places.ts';
import type { HeldChange, HeldChanges } from '../held-changes.ts';
import type { ConfigReport, DatabaseReport, EndpointReport, Exchange, HookReport, Inspection, Overview, Rendered, RenderRequest, Rotation, Trace } from '../inspection.ts';
import type { Service } from '../service.ts';
import { inspect } from '../source/inspect.ts';
import { tableSizes } from '../source/table-sizes.ts';
import type { Traffic } from '../traffic.ts';
import { byName } from './by-name.ts';
import { configReport } from './config-report.ts';
import { databaseReport } from './database-report.ts';
import { EndpointActions } from './endpoint-actions.ts';
import { type BoardFacts, endpointReports, healthFacts } from './endpoint-board.ts';
import { hookReport } from './hook-report.ts';
import { overviewOf } from './overview.ts';
import { Playground } from './playground.ts';
import { SecretTexts } from './secret-texts.ts';
import { slotReport } from './slot-report.ts';
import { traceOf } from './trace-of.ts';

export interface InspectorOptions {
  /** Knows what runs, and reads it again. */
  readonly reloading: Pick<Reloading, 'loaded' | 'failed' | 'reload'>;
  readonly service: Pick<Service, 'status' | 'daemon'>;
  /** Of the configuration that runs. */
  readonly state: () => Pick<StateReader, 'counts'>;
  /** Of the configuration that runs. */
  readonly fleet: () => Pick<FleetReader, 'report'>;
  /** Null: nothing is counted. */
  readonly traffic: Pick<Traffic, 'rates' | 'change'> | null;
  /** Null: no change is kept. */
  readonly changes: HeldChanges | null;
  readonly log: Logger;
}

/** What people look at, of the configuration that runs at the moment. One for the whole run: a reload needs no other. */
export class Inspector implements Inspection {
  readonly #options: InspectorOptions;
  readonly #keys = new WeakMap<Config, Promise<ReadonlyMap<string, readonly string[]>>>();
  #checking: Promise<DatabaseReport> | null = null;

  constructor(options: InspectorOptions) {
    this.#options = options;
  }

  async overview(): Promise<Overview> {
    const { failed } = this.#options.reloading;
    return overviewOf(healthFacts(await this.#board(), { failedReload: failed, now: Date.now() }));
  }

  async endpoints(): Promise<readonly EndpointReport[]> {
    return endpointReports(await this.#board());
  }

  async endpoint(name: string): Promise<EndpointReport> {
    return byName('endpoint', await this.endpoints(), name);
  }

  test(endpoint: string, request: { readonly data: unknown; readonly hook: string | null }): Promise<Exchange> {
    return this.#actions.test(endpoint, request);
  }

  probe(endpoint: string): Promise<void> {
    return this.#actions.probe(endpoint);
  }

  rotate(endpoint: string, grace: number): Promise<Rotation> {
    return this.#actions.rotate(endpoint, grace);
  }

  endRotation(endpoint: string): Promise<void> {
    return this.#actions.endRotation(endpoint);
  }

  async hooks(): Promise<readonly HookReport[]> {
    const { config, text } = this.#loaded;
    const keys = await this.#keysOf(config);
    const written = new MaskedText(text);
    const rates = this.#options.traffic?.rates() ?? null;
    return config.hooks.map((hook, index) =>
      hookReport({
        hook,
        written: written.hook(index),
        key: keys.get(`${hook.schema}.${hook.table}`) ?? [],
        method: config.endpoints.find(({ name }) => name === hook.to[0])?.method ?? 'POST',
        traffic: rates?.hooks.find(({ name }) => name === hook.name) ?? null,
      }),
    );
  }

  async hook(name: string): Promise<HookReport> {
    return byName('hook', await this.hooks(), name);
  }

  render(hook: string, request: RenderRequest): Promise<Rendered> {
    return this.#playground.render(hook, request);
  }

  tryOut(hook: string, request: RenderRequest & { readonly url: string }): Promise<Exchange> {
    return this.#playground.tryOut(hook, request);
  }

  async trace(id: string): Promise<Trace | null> {
    const place = this.#options.changes?.placeOf(id) ?? null;
    const held = place === null ? null : this.#held(place);
    if (held === null) return null;
    const { config, text } = this.#loaded;
    return withSource(config, 'look at a table', (client) => traceOf(held, { config, text }, client));
  }

  database(): Promise<DatabaseReport> {
    // It takes some queries: whoever asks meanwhile gets the same answer.
    this.#checking ??= this.#database().finally(() => {
      this.#checking = null;
    });
    return this.#checking;
  }

  async config(): Promise<ConfigReport> {
    const { loaded, failed } = this.#options.reloading;
    return configReport(loaded, failed);
  }

  reload(): Promise<void> {
    return this.#options.reloading.reload();
  }

  get #actions(): EndpointActions {
    const { service } = this.#options;
    const { config, text, sources } = this.#loaded;
    const status = service.status();
    return new EndpointActions({ config, texts: new SecretTexts(text, sources), live: service.daemon?.acting ?? null, state: status.state, isTail: status.engine?.role === 'tail' });
  }

  get #playground(): Playground {
    return new Playground(this.#loaded, (place) => this.#held(place));
  }

  #held(place: string): HeldChange | null {
    const { traffic, changes } = this.#options;
    const report = traffic?.change(place) ?? null;
    const change = changes?.heldChange(place) ?? null;
    return report === null || change === null ? null : { report, change };
  }

  get #loaded(): LoadedConfig {
    return this.#options.reloading.loaded;
  }

  async #board(): Promise<BoardFacts> {
    const { service, state, fleet, traffic, log } = this.#options;
    const status = service.status();
    const engine = await fleet().report(status.engine);
    const stored: StoredEndpoints | null = await state()
      .counts()
      .catch((error: unknown) => {
        log.warn({ err: error }, 'parked and dead deliveries cannot be counted');
        return null;
      });
    return { config: this.#loaded.config, status, engine, live: service.daemon?.acting ?? null, stored, rates: traffic?.rates() ?? null };
  }

  async #database(): Promise<DatabaseReport> {
    const { config, path, text } = this.#loaded;
    const checked = await checkFindings(config, new Places(path, text));
    const oids = checked.facts.tables.flatMap(({ relation }) => (relation === null ? [] : [relation.oid]));
    const sizes = await withSource(config, 'ask for the sizes of tables', (client) => tableSizes(client, oids));
    return databaseReport({ config, ...checked, sizes, slot: slotReport({ ...this.#options.service.status(), slot: config.source.slot }) });
  }

  /** Columns of the keys of tables, asked for once; none where the database cannot be asked. */
  async #keysOf(config: Config): Promise<ReadonlyMap<string, readonly string[]>> {
    const asked = this.#keys.get(config) ?? withSource(config, 'look at its tables', async (client) => {
      const { tables } = await inspect(client, config);
      return new Map(config.tables.map(({ schema, table, key }, index) => [`${schema}.${table}`, key ?? tables[index]?.relation?.primaryKey ?? []] as const));
    });
    this.#keys.set(config, asked);
    try {
      return await asked;
    } catch {
      this.#keys.delete(config);
      return new Map(config.tables.map(({ schema, table, key }) => [`${schema}.${table}`, key ?? []] as const));
    }
  }
}
