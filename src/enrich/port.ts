/** A value of a parameter: its text, or a list of texts for an array of them. */
export type ParameterValue = string | null | readonly (string | null)[];

export interface Statement {
  readonly text: string;
  readonly values: readonly ParameterValue[];
}

/** Rows of values as text. */
export type TextRows = readonly (readonly (string | null)[])[];

/** The database in which lookups are made. Nothing can be written there. */
export interface LookupDatabase {
  /**
   * The statement stays prepared on its connection.
   *
   * @param timeout milliseconds, after which the statement is cancelled
   */
  run(statement: Statement, timeout: number): Promise<TextRows>;
  /** Runs some statements on one connection, in a transaction that leaves nothing behind. */
  together<T>(timeout: number, work: (run: (statement: Statement) => Promise<TextRows>) => Promise<T>): Promise<T>;
  /** Ends at once: what is under way fails. */
  close(): Promise<void>;
}
