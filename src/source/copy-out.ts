import type pg from 'pg';

export interface CopyOutOptions {
  /** Statements, which go to the server in one message. COPY … TO STDOUT among them. */
  readonly text: string;
  /**
   * Takes each row that is copied out, as COPY's text format writes it, its end of line included: a view, valid until it returns.
   * `copy`: 0 for rows of the first COPY, 1 for those of the second, …
   */
  readonly onRow: (line: Buffer, copy: number) => void;
}

/** What selects among the statements gave, row by row. */
export type SelectedRows = readonly (readonly (string | null)[])[];

/** What pg hands to a query of one's own: node_modules/pg/lib/client.js. */
interface Message {
  readonly fields?: (string | null)[];
  readonly chunk?: Buffer;
  readonly text?: string;
}

/** Some statements in one message, the rows of whose COPY … TO STDOUT are handed over as bytes: pg makes a string of each value else. */
export class CopyOut implements pg.Submittable {
  readonly done: Promise<SelectedRows>;
  readonly #options: CopyOutOptions;
  readonly #settled = Promise.withResolvers<SelectedRows>();
  readonly #selected: (string | null)[][] = [];
  #copies = 0;
  #failure: Error | null = null;

  constructor(options: CopyOutOptions) {
    this.#options = options;
    this.done = this.#settled.promise;
  }

  submit(connection: pg.Connection): void {
    connection.query(this.#options.text);
  }

  handleRowDescription(): void {
    // What is selected is known to whoever asks.
  }

  handleDataRow({ fields = [] }: Message): void {
    this.#selected.push(fields);
  }

  handleCopyData({ chunk }: Message): void {
    if (this.#failure !== null || chunk === undefined) return;
    try {
      this.#options.onRow(chunk, this.#copies);
    } catch (error) {
      // It must not end the connection's parser.
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  /** More may follow: the end is ReadyForQuery. */
  handleCommandComplete({ text = '' }: Message): void {
    if (text.startsWith('COPY')) this.#copies++;
  }

  handleEmptyQuery(): void {
    // Nothing comes of it.
  }

  handlePortalSuspended(): void {
    // The simple protocol has none.
  }

  handleError(error: Error): void {
    this.#settled.reject(error);
  }

  handleReadyForQuery(): void {
    if (this.#failure === null) this.#settled.resolve(this.#selected);
    else this.#settled.reject(this.#failure);
  }
}
