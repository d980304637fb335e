import type { Finding } from './finding.ts';
import type { AttemptReport, ChangeReport, EndpointRates, HookRates } from './traffic.ts';

/**
 * What people look at beside deliveries: endpoints, hooks, database, configuration. The API and the console speak of it in these
 * words; names and shapes are those of the API's JSON. Secrets are masked everywhere. Times are ISO 8601, UTC.
 */
export interface Inspection {
  /** One sentence of health, and what to do. */
  overview(): Promise<Overview>;
  endpoints(): Promise<readonly EndpointReport[]>;
  /** Throws `unknown_endpoint`; so do the following. */
  endpoint(name: string): Promise<EndpointReport>;
  /** Sends one signed test payload, now, past queue and breaker, and tells what was answered. @param data null: an example */
  test(endpoint: string, request: { readonly data: unknown; readonly hook: string | null }): Promise<Exchange>;
  /** Lets one delivery through an open breaker at once: it closes if that arrives. */
  probe(endpoint: string): Promise<void>;
  /** A new signing secret beside the old ones: requests bear both signatures until `grace` milliseconds are over. */
  rotate(endpoint: string, grace: number): Promise<Rotation>;
  /** Only the configuration's own secrets from now on. */
  endRotation(endpoint: string): Promise<void>;
  hooks(): Promise<readonly HookReport[]>;
  /** Throws `unknown_hook`; so do the following. */
  hook(name: string): Promise<HookReport>;
  /** The requests that a hook, or a draft of it, makes of a row. Throws a DraftError (`bad_draft`, with the places) for a draft that is wrong, `no_row`, `no_change`. */
  render(hook: string, request: RenderRequest): Promise<Rendered>;
  /** Sends what `render` gives to a URL of one's own, within the address guard. */
  tryOut(hook: string, request: RenderRequest & { readonly url: string }): Promise<Exchange>;
  /** Why each hook of the table did or did not take the change that a delivery was made of. Null: the change is not in memory any more. */
  trace(id: string): Promise<Trace | null>;
  database(): Promise<DatabaseReport>;
  config(): Promise<ConfigReport>;
  /** Reads the file again and applies it. Throws what a reload throws: then all stays as it was. */
  reload(): Promise<void>;
}

export interface Overview {
  readonly health: { readonly level: 'ok' | 'waiting' | 'failing'; readonly sentence: string };
  /** Worst first. */
  readonly alerts: readonly Alert[];
}

export interface Alert {
  readonly level: 'waiting' | 'failing';
  /** What is the matter, in a sentence. */
  readonly message: string;
  /** The SQL, setting or command that mends it; null where there is none. */
  readonly fix: string | null;
  /** Where in the console: `/endpoints/crm`. */
  readonly link: string | null;
}

export interface EndpointReport {
  readonly name: string;
  readonly url: string;
  readonly method: string;
  readonly condition: 'active' | 'paused' | 'disabled';
  readonly reason: string | null;
  readonly condition_since: string | null;
  readonly breaker: 'open' | 'closed';
  /** Milliseconds until an open breaker lets a probe through. */
  readonly probe_in: number | null;
  readonly failing_for: number | null;
  readonly mode: 'direct' | 'storing' | 'holding';
  readonly slowed: boolean;
  /** Requests under way, and how many there may be. */
  readonly in_use: number;
  readonly concurrency: number;
  readonly rate: number | null;
  readonly queued: number;
  readonly parked: number | null;
  readonly dead: number | null;
  readonly oldest_parked: string | null;
  readonly delivered: number;
  readonly failed_attempts: number;
  readonly last_error: { readonly message: string; readonly failure: string | null; readonly at: string | null; readonly hint: string | null } | null;
  readonly signing: 'none' | 'hmac' | 'ed25519' | 'both';
  readonly rotation: Omit<Rotation, 'secret'> | null;
  readonly hooks: readonly string[];
  readonly traffic: EndpointRates | null;
}

export interface Rotation {
  /** Told once. `whsec_…` or `whsk_…`, as the first of the configuration's. */
  readonly secret: string;
  /** What receivers verify an Ed25519 signature with; null for HMAC. */
  readonly public_key: string | null;
  readonly began_at: string;
  /** From then on only the new one signs. */
  readonly ends_at: string;
  /** The configuration has it: nothing is left to do. */
  readonly configured: boolean;
  /** For the file. */
  readonly yaml: string;
}

/** A request that was made and what came of it, secrets masked: the API's, and that of `walhook send --json`. */
export interface Exchange {
  readonly endpoint: string;
  readonly verdict: 'delivered' | 'retry' | 'dead' | 'disable';
  /** Why it was not delivered; null if it was. */
  readonly message: string | null;
  readonly duration_ms: number;
  /** How many it took: a second one after a token was refused, or a connection was closed as it went out. The last is shown. */
  readonly requests: number;
  /** null: none was made. */
  readonly request: ShownRequest | null;
  readonly response: { readonly status: number; readonly headers: readonly Header[]; readonly body: string; readonly truncated: boolean } | null;
  /** `whpk_…`: what receivers verify the v1a signatures with. */
  readonly public_keys: readonly string[];
  readonly notes: readonly string[];
}

export type Header = readonly [name: string, value: string];

/** A request as it may be shown: its secrets are masked. */
export interface ShownRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly Header[];
  /** null: none. */
  readonly body: string | null;
}

export interface HookReport {
  readonly name: string;
  /** `schema.table`. */
  readonly table: string;
  readonly to: readonly string[];
  readonly events: readonly string[];
  readonly changed: readonly string[] | null;
  readonly when: string | null;
  readonly entering: boolean;
  readonly schedule: string | null;
  readonly cooldown: number | null;
  readonly order_by: readonly string[] | null;
  /** `body`: a template of its own. */
  readonly format: string;
  readonly encoding: string;
  readonly enrich: readonly string[];
  readonly key: readonly string[];
  /** Its part of the file as it stands there, secrets masked. */
  readonly yaml: string;
  readonly traffic: HookRates | null;
}

export interface RenderRequest {
  /** The key of the row as it is now, a text for each column; or */
  readonly key?: Readonly<Record<string, string>> | undefined;
  /** a change that is in memory; neither: the first row of the table. */
  readonly change?: string | undefined;
  readonly operation?: 'insert' | 'update' | 'visibility_update' | 'delete' | undefined;
  /** YAML of the hook, in place of what runs. It may not name variables or files. */
  readonly draft?: string | undefined;
}

export interface Rendered {
  readonly hook: string;
  readonly table: string;
  readonly key: Readonly<Record<string, string | null>> | null;
  readonly operation: string;
  /** Whether the hook's conditions want it; and what `when` says, null if it has none. */
  readonly wanted: boolean;
  readonly when: boolean | null;
  readonly notes: readonly string[];
  readonly requests: readonly { readonly endpoint: string; readonly request: ShownRequest }[];
}

/** Why a draft is wrong. Lines and columns are the draft's, from 1. */
export interface DraftProblem {
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
}

export interface Trace {
  readonly change: ChangeReport;
  readonly hooks: readonly TracedHook[];
}

export interface TracedHook {
  readonly hook: string;
  readonly wanted: boolean;
  /** What kept it from taking the event, a line each: `events`, `changed`, `when`, `entering`. */
  readonly reasons: readonly string[];
  readonly when: { readonly expression: string; readonly value: boolean | null; readonly error: string | null } | null;
}

export interface DatabaseReport {
  readonly server: { readonly version: string; readonly database: string; readonly wal_level: string; readonly in_recovery: boolean };
  /** As `check` gives them, worst first. */
  readonly findings: readonly Finding[];
  readonly publication: { readonly name: string; readonly exists: boolean; readonly tables: readonly string[] };
  readonly slot: SlotReport;
  readonly tables: readonly TableReport[];
}

export interface SlotReport {
  readonly name: string;
  readonly state: 'starting' | 'standby' | 'streaming' | 'reconnecting' | 'draining' | 'stopped';
  readonly received: string;
  readonly confirmed: string;
  /** Milliseconds. */
  readonly behind: number | null;
  readonly wal: {
    readonly wal_status: string | null;
    readonly retained_bytes: number | null;
    readonly safe_bytes: number | null;
    readonly bytes_per_second: number | null;
    readonly seconds_left: number | null;
  } | null;
}

export interface TableReport {
  readonly name: string;
  readonly exists: boolean;
  readonly key: readonly string[];
  readonly replica_identity: 'default' | 'full' | 'index' | 'nothing' | null;
  readonly published: boolean;
  readonly rows_estimated: number | null;
  readonly bytes: number | null;
  readonly hooks: readonly string[];
}

export interface ConfigReport {
  readonly path: string;
  /** When what runs was read. */
  readonly loaded_at: string;
  /** What runs, as the file was, secrets masked. */
  readonly text: string;
  /** The last reload, if it failed. */
  readonly failed: { readonly at: string; readonly message: string; readonly problems: readonly DraftProblem[] } | null;
  /** The file as it is now, secrets masked; null: it cannot be read. */
  readonly disk: { readonly text: string; readonly differs: boolean; readonly problems: readonly DraftProblem[] } | null;
}

/** What is told of a delivery besides what is stored. */
export interface DeliveryContext {
  /** Attempts that are known, the first first. */
  readonly timeline: readonly AttemptReport[];
  /** The request as it would be sent now, or was, secrets masked; null where the configuration has no such endpoint any more. */
  readonly request: ShownRequest | null;
  /** Deliveries that wait behind it in its lane; null where it waits for nothing. */
  readonly behind_it: number | null;
}
