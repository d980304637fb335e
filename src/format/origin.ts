/** Where the events of a pipeline come from: what some formats tell of it. The same after every restart. */
export interface Origin {
  /** Name of the source database. */
  readonly database: string;
  /** Name of the slot: Debezium's logical name, which its topics begin with. */
  readonly slot: string;
}
