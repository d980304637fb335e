import type { EnrichConfig } from '../config.ts';
import { reactionTo, safeMessage, sqlState } from '../reaction.ts';
import { textOf } from '../expression/value-text.ts';
import { readAnswer } from './answer-json.ts';
import { AnswerCache } from './answer-cache.ts';
import { arrayLiteral } from './array-literal.ts';
import { Batches } from './batches.ts';
import { describeQuery, type ParameterType, type QueryFacts, tryQuery } from './describe-query.ts';
import { isolate } from './isolate.ts';
import { batchSql, MOST_ROWS, parameterized, singleSql } from './lookup-sql.ts';
import type { LookupDatabase, Statement } from './port.ts';
import type { WatchedAnswers } from './watched-answers.ts';

/** A parameter: text as Postgres reads it, or a list of values as expressions have them. */
export type Argument = string | null | readonly unknown[];

/**
 * What was found: a row, a list of rows, or null. `failure`: why nothing could be found out, in a line without values. `isFinal`: what
 * was found cannot be used, and would be found again.
 */
export type Answer = { readonly value: unknown } | { readonly failure: string; readonly isFinal?: true };

export interface LookupOptions {
  readonly config: EnrichConfig;
  readonly database: LookupDatabase;
  readonly watched: WatchedAnswers;
}

/** Equal questions of a batch are asked once. */
interface Question {
  readonly key: string;
  readonly texts: readonly (string | null)[];
  readonly answer: (answer: Answer) => void;
}

/** `isOfQuery`: Postgres does not even take the query, whatever its parameters are. */
interface Failure {
  readonly error: unknown;
  readonly isOfQuery: boolean;
}

type OnFailure = (question: Question, failure: Failure) => void;

/** One query of `enrich`: asked in batches, and for a while what it found is used again. */
export class Lookup {
  readonly #options: LookupOptions;
  readonly #cache: AnswerCache | null;
  readonly #batches = new Batches<Question>((batch) => this.#run(batch));
  /** Asked for, and not yet sent. */
  readonly #waiting = new Map<string, Promise<Answer>>();
  #facts: Promise<QueryFacts> | null = null;
  /** It cannot be a subquery, though it can be a query: its LIMIT has a parameter, say. */
  #isAlone = false;

  constructor(options: LookupOptions) {
    const { cache } = options.config;
    this.#options = options;
    this.#cache = cache === null ? null : new AnswerCache(cache);
  }

  /** Rejects only for a parameter that has no text. */
  async ask(parameters: readonly Argument[]): Promise<Answer> {
    const { database, config } = this.#options;
    let facts: QueryFacts;
    try {
      facts = await (this.#facts ??= this.#describe(database, config));
    } catch (error) {
      return { failure: this.#tell({ error, isOfQuery: true }) };
    }
    const texts = parameters.map((parameter, index) => textOfArgument(parameter, facts.parameters[index]));
    const key = JSON.stringify(texts);
    const kept = this.#cache?.get(key, performance.now());
    if (kept) return kept;
    const same = this.#waiting.get(key);
    if (same !== undefined) return same;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#waiting.set(key, promise);
    this.#batches.add({ key, texts, answer: resolve });
    return promise;
  }

  async #describe(database: LookupDatabase, { sql, timeout, cache }: EnrichConfig): Promise<QueryFacts> {
    try {
      const facts = await describeQuery(database, parameterized(sql), timeout);
      if (cache !== null) this.#options.watched.watch(facts.tables, this.#drop);
      return facts;
    } catch (error) {
      this.#facts = null;
      throw error;
    }
  }

  readonly #drop = (): void => this.#cache?.drop();

  /** Resolves once the database can take the next batch. */
  async #run(batch: readonly Question[]): Promise<void> {
    // What is asked from here on may have to see more than these do.
    for (const { key } of batch) this.#waiting.delete(key);
    if (this.#isAlone && batch.length > 1) {
      void this.#oneByOne(batch);
      return;
    }
    const failure = await this.#attempt(batch);
    if (failure !== null) void this.#failed(batch, failure);
  }

  /** The answers of all of them, or none: gives the failure then. */
  async #attempt(batch: readonly Question[]): Promise<Failure | null> {
    const { database, config } = this.#options;
    const age = this.#cache?.age ?? 0;
    let statement: Statement;
    try {
      statement = await this.#statement(batch);
    } catch (error) {
      return { error, isOfQuery: true };
    }
    try {
      const rows = await database.run(statement, config.timeout);
      if (rows.length !== batch.length) throw new Error('the query gives no row for each of its parameters');
      for (const [index, question] of batch.entries()) this.#answer(question, rows[index]?.[0] ?? null, age);
      return null;
    } catch (error) {
      return { error, isOfQuery: false };
    }
  }

  async #statement(batch: readonly Question[]): Promise<Statement> {
    const { sql, many } = this.#options.config;
    const [only] = batch;
    if (batch.length === 1 && only !== undefined) return { text: singleSql(sql, many), values: only.texts };
    const { parameters } = await (this.#facts ??= this.#describe(this.#options.database, this.#options.config));
    return { text: this.#batchSql(parameters), values: parameters.map((_parameter, index) => batch.map(({ texts }) => texts[index] ?? null)) };
  }

  #batchSql(parameters: readonly ParameterType[]): string {
    const { sql, many } = this.#options.config;
    return batchSql(sql, many, parameters.map((parameter) => parameter.name));
  }

  async #failed(batch: readonly Question[], failure: Failure): Promise<void> {
    const { error, isOfQuery } = failure;
    const state = sqlState(error);
    // The schema may have changed, and the types of parameters with it.
    if (state !== null && MAY_BE_OF_TYPES.test(state)) this.#facts = null;
    const isOfAll = isOfQuery || state === null || (reactionTo(error) === 'retry' && state !== CANCELLED);
    if (isOfAll) this.#fail(batch, failure);
    else if (state.startsWith(WRONG_QUERY)) await this.#examine(batch, failure);
    else if (batch.length === 1) this.#fail(batch, failure);
    else await this.#isolate(batch);
  }

  /**
   * The query is wrong, or it only cannot be a subquery, or a function raises such an error for some values: what Postgres makes of the
   * query without values tells which.
   */
  async #examine(batch: readonly Question[], failure: Failure): Promise<void> {
    const { database, config } = this.#options;
    let facts: QueryFacts;
    try {
      facts = await (this.#facts ??= this.#describe(database, config));
    } catch (error) {
      this.#fail(batch, { error, isOfQuery: true });
      return;
    }
    if (batch.length === 1) {
      this.#fail(batch, failure);
      return;
    }
    try {
      await tryQuery(database, this.#batchSql(facts.parameters), config.timeout);
    } catch (error) {
      this.#isAlone = sqlState(error)?.startsWith(WRONG_QUERY) === true;
    }
    if (this.#isAlone) await this.#oneByOne(batch);
    else await this.#isolate(batch);
  }

  readonly #onFailure: OnFailure = (question, failure) => question.answer({ failure: this.#tell(failure) });

  #fail(batch: readonly Question[], failure: Failure): void {
    for (const question of batch) this.#onFailure(question, failure);
  }

  #isolate(batch: readonly Question[]): Promise<void> {
    return isolate(batch, { attempt: (group) => this.#attempt(group), onFailure: this.#onFailure });
  }

  async #oneByOne(batch: readonly Question[]): Promise<void> {
    for (const question of batch) {
      const failure = await this.#attempt([question]);
      if (failure !== null) this.#onFailure(question, failure);
    }
  }

  /** `age`: of the cache, when the database was asked. */
  #answer({ key, answer }: Question, json: string | null, age: number): void {
    let value: unknown;
    try {
      value = json === null ? null : readAnswer(json);
    } catch {
      // Postgres writes JSON that can be read, unless there is no end to its levels.
      answer({ failure: 'finds a value that is nested too deeply to be read', isFinal: true });
      return;
    }
    if (Array.isArray(value) && this.#options.config.many && value.length > MOST_ROWS) {
      answer({ failure: `finds more than ${MOST_ROWS} rows: write a \`limit\`` });
      return;
    }
    this.#cache?.put(key, { value, size: json?.length ?? 0 }, { age, now: performance.now() });
    answer({ value });
  }

  /** Of an error that a value may have caused only the SQLSTATE is told, for its message may quote the value. */
  #tell({ error, isOfQuery }: Failure): string {
    const state = sqlState(error);
    if (state === CANCELLED) return `took longer than ${this.#options.config.timeout} ms`;
    if (state === READ_ONLY) return `writes, which it cannot in a read-only transaction (SQLSTATE ${state})`;
    return state === null || isOfQuery ? safeMessage(error) : `SQLSTATE ${state}`;
  }
}

/** SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const CANCELLED = '57014';
const READ_ONLY = '25006';
/** The class of what is wrong with a query, unless a function that it calls raises it for a value. */
const WRONG_QUERY = '42';
/** The same, a feature that is not supported, and values that do not fit their type. */
const MAY_BE_OF_TYPES = /^(?:42|0A|22)/;

function textOfArgument(parameter: Argument, type: ParameterType | undefined): string | null {
  if (parameter === null || typeof parameter === 'string') return parameter;
  return type?.isArray === true ? arrayLiteral(parameter) : textOf(parameter);
}
