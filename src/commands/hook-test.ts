import type pg from 'pg';
import type { Config, EndpointConfig, HookConfig, RowOperation, TestConfig } from '../config.ts';
import type { CurrentEvents } from '../current-events.ts';
import { readAnswer } from '../enrich/answer-json.ts';
import { WalhookError } from '../errors.ts';
import type { Values } from '../expression/expression.ts';
import type { ReadOnlyDatabase } from '../source/read-only-database.ts';
import type { Difference } from './contained.ts';
import { unexpected } from './expectation.ts';
import { firstOperation } from './render.ts';
import type { ShownEvent } from './render-event.ts';
import { codecsOf, evaluate, tableOf, whereabouts } from './render-hook.ts';
import { exampleId, Rendering } from './render-requests.ts';
import { rowBefore } from './render-row.ts';
import { verdictOn } from './render-verdict.ts';
import { eventOfRows } from './row-event.ts';
import { composeOnce } from './send.ts';
import { rowJson } from './test-row.ts';

/** What came of a test. */
export interface TestOutcome {
  readonly passed: boolean;
  /** What was done to the row; null where it came to nothing. */
  readonly operation: string | null;
  /** Why there is nothing to compare; null if there is. */
  readonly message: string | null;
  readonly differences: readonly Difference[];
  readonly notes: readonly string[];
}

export interface TestingOptions {
  readonly config: Config;
  /** For the catalog. */
  readonly client: pg.ClientBase;
  readonly database: ReadOnlyDatabase;
}

/** Runs the tests of one hook, by the daemon's own ways. */
export class HookTesting {
  readonly #options: TestingOptions;
  readonly #hook: HookConfig;
  readonly #current: CurrentEvents;
  readonly #codecs: Awaited<ReturnType<typeof codecsOf>>;
  readonly #origin: { readonly database: string; readonly slot: string };
  readonly #lsn: string;

  private constructor(hook: HookConfig, options: TestingOptions, found: { readonly current: CurrentEvents; readonly codecs: Awaited<ReturnType<typeof codecsOf>>; readonly where: { readonly database: string; readonly lsn: string } }) {
    this.#options = options;
    this.#hook = hook;
    this.#current = found.current;
    this.#codecs = found.codecs;
    this.#origin = { database: found.where.database, slot: options.config.source.slot };
    this.#lsn = found.where.lsn;
  }

  /** @throws WalhookError `no_table` */
  static async open(hook: HookConfig, options: TestingOptions): Promise<HookTesting> {
    const current = await tableOf(options.config, hook, options.database);
    return new HookTesting(hook, options, { current, codecs: await codecsOf(current.table, options.client), where: await whereabouts(options.database) });
  }

  async run(test: TestConfig): Promise<TestOutcome> {
    try {
      return await this.#run(test);
    } catch (error) {
      if (error instanceof WalhookError && FAULTS.has(error.code)) return failed(error.message);
      throw error;
    }
  }

  async #run(test: TestConfig): Promise<TestOutcome> {
    const { expect } = test;
    const shown = await this.#shown(test);
    const found = shown.map((one) => ({ ...one, ...this.#verdict(one) }));
    const sent = found.find(({ wanted }) => wanted);
    const { event, notes } = sent ?? found[0] ?? { event: null, notes: [] };
    // They are those of `walhook render`, where it is an option.
    const about = { operation: event?.operation ?? null, notes: notes.map((note) => note.replace(/--operation (\w+) shows it/, '`operation: $1` tests it')) };
    if (sent === undefined) {
      const reasons = found.flatMap(({ reasons: all }) => all);
      const why = reasons.length > 0 ? [...new Set(reasons)].join('; ') : 'nothing changes that a receiver may see';
      return { ...about, passed: expect === null, message: expect === null ? null : `nothing is sent: ${why}`, differences: [] };
    }
    if (expect === null) return { ...about, passed: false, message: `expected that nothing is sent, and this is: ${sent.event.operation}`, differences: [] };
    const rendering = new Rendering({ hook: this.#hook, table: this.#current.table, codecs: this.#codecs, origin: this.#origin, evaluate, enriching: this.#answers(test) });
    const differences: Difference[] = [];
    for (const endpoint of this.#endpoints) {
      const delivery = await rendering.delivery(sent.event, sent.id, endpoint);
      const request = await composeOnce(endpoint, delivery);
      const body = request.body === null ? null : delivery.body;
      for (const difference of unexpected(expect, { ...request, body })) {
        differences.push(this.#endpoints.length === 1 ? difference : { ...difference, path: `${endpoint.name}: ${difference.path}` });
      }
    }
    return { ...about, passed: differences.length === 0, message: null, differences };
  }

  /** The events that the change may be, in the order in which they are sent. */
  async #shown(test: TestConfig): Promise<ShownEvent[]> {
    const { config, database } = this.#options;
    const { columns } = this.#current.table.relation;
    const table = config.tables.find((one) => one.schema === this.#hook.schema && one.table === this.#hook.table);
    if (table === undefined) throw new Error('every hook has a table');
    const tested = { table, hook: this.#hook, columns: columns.map(({ name }) => name) };
    const row = await rowBefore(this.#current, columns.map(() => null), { json: rowJson(test.row, tested, true), option: 'row', database });
    const before = test.old === null ? null : await rowBefore(this.#current, row, { json: rowJson(test.old, tested, false), option: 'old', database });
    return operationsOf(test, this.#hook).flatMap((operation) => {
      try {
        return [eventOfRows(this.#current, { row, before, operation, lsn: this.#lsn })];
      } catch (error) {
        // The change makes no such event.
        if (error instanceof WalhookError && error.code === 'no_event' && before !== null) return [];
        throw error;
      }
    });
  }

  #verdict({ event }: ShownEvent): { readonly id: string; readonly wanted: boolean; readonly reasons: readonly string[] } {
    const id = exampleId();
    const { wanted, reasons, error } = evaluate(() => verdictOn({ event, id }, this.#hook, { table: this.#current.table, codecs: this.#codecs }));
    if (error !== null) throw new WalhookError(`\`when\` failed: ${error}`, { code: 'expression' });
    return { id, wanted, reasons };
  }

  #answers({ enrich }: TestConfig): Values {
    return Object.fromEntries([...this.#hook.enrich].map(([name, { many }]) => [name, readAnswer(enrich.get(name) ?? (many ? '[]' : 'null'))]));
  }

  get #endpoints(): readonly EndpointConfig[] {
    return this.#hook.to.flatMap((name) => this.#options.config.endpoints.find((endpoint) => endpoint.name === name) ?? []);
  }
}

/** What is wrong with the test, or with what the hook makes of it: the other tests go on. */
const FAULTS: ReadonlySet<string> = new Set(['usage', 'no_event', 'expression', 'request']);

function failed(message: string): TestOutcome {
  return { passed: false, operation: null, message, differences: [], notes: [] };
}

/** An update may be two: of the data and of what may be seen. */
function operationsOf({ operation, old }: TestConfig, hook: HookConfig): readonly RowOperation[] {
  if (operation !== null) return [operation];
  if (old !== null) return ['update', 'visibility_update'];
  const first = firstOperation(hook.events);
  if (first === null) throw new WalhookError(`hook ${hook.name} takes no events of rows`, { code: 'usage' });
  return [first];
}
