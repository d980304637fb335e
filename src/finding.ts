/** Something `check` has to say. */
export interface Finding {
  /** A stable snake_case name: `wal_level`, `no_key`. */
  readonly code: string;
  /**
   * `error`: `run` refuses. `warning`: it runs, but an event is not what one may expect, or it may end one day.
   * `info`: good to know, or `run` will see to it.
   */
  readonly severity: 'error' | 'warning' | 'info';
  /** What is the matter and where, in a line. */
  readonly message: string;
  /** The SQL or setting that fixes it; null where there is none. */
  readonly fix: string | null;
  /** The part of walhook.yaml it is about, as in `tables.profiles.key`; null if it is about the server. */
  readonly path: string | null;
  /** The plan has a step for it: `setup`, or `run` with `source.manage`, puts it right. */
  readonly managed: boolean;
}

export type FindingDetails = Pick<Finding, 'code' | 'message'> & Partial<Pick<Finding, 'fix' | 'path'>>;

export function error(details: FindingDetails): Finding {
  return { fix: null, path: null, managed: false, ...details, severity: 'error' };
}

export function warning(details: FindingDetails): Finding {
  return { fix: null, path: null, managed: false, ...details, severity: 'warning' };
}

export function info(details: FindingDetails): Finding {
  return { fix: null, path: null, managed: false, ...details, severity: 'info' };
}

/** What the plan puts right: an error only where walhook may not run the plan itself. */
export function managed(mayManage: boolean, details: FindingDetails): Finding {
  return { fix: null, path: null, ...details, managed: true, severity: mayManage ? 'info' : 'error' };
}
