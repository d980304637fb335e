import type { TestDatabase } from './postgres.ts';
import type { ReceivedRequest, Receiver } from './receiver.ts';
import { nameOf, type WrittenRecord } from './writer.ts';

/** A parked or dead delivery, as the state schema has it. */
export interface StoredDelivery {
  readonly fate: 'parked' | 'dead';
  readonly endpoint: string;
  readonly id: string;
  readonly body: Buffer;
}

/** Where the daemon would go on after a crash, and what was durable then. */
export interface Sample {
  /** confirmed_flush_lsn of the slot, or the stored checkpoint if that is further. */
  readonly lsn: bigint;
  /** How far into the next transaction the checkpoint reaches. */
  readonly within: { readonly commitLsn: bigint; readonly ordinal: number } | null;
  /** Ids that were parked or dead. */
  readonly stored: ReadonlySet<string>;
  /** How many requests the receiver had got. */
  readonly requests: number;
}

/** All that is known of one endpoint after a run. */
export interface Evidence {
  readonly written: WrittenRecord;
  readonly requests: readonly ReceivedRequest[];
  readonly stored: readonly StoredDelivery[];
  readonly samples: readonly Sample[];
}

/** What was found wrong, a sentence each, by condition; and how many deliveries came twice, which a crash may cause. */
export interface Verdict {
  /** 1: committed, but neither delivered nor parked nor dead. */
  readonly lost: string[];
  /** 2: sent although it was rolled back or never written. */
  readonly unwritten: string[];
  /** 3: first delivered before one that was committed earlier in its lane. */
  readonly disordered: string[];
  /** 4: another id or another body for the same change, or one id for two. */
  readonly unstable: string[];
  /** 5: sent again although the checkpoint was past it. */
  readonly needless: string[];
  /** 6: confirmed, or checkpointed, before it was durable. */
  readonly premature: string[];
  readonly duplicates: number;
  readonly delivered: number;
}

/** The verdict of a run without a fault, but for the counts. */
export const FLAWLESS = { lost: [], unwritten: [], disordered: [], unstable: [], needless: [], premature: [] };

/** Judges a run by the conditions under "The one invariant" in architecture.md: those that what was written and received tell. */
export function judge({ written, requests, stored, samples }: Evidence): Verdict {
  const deliveries = requests.filter(isDelivered).map((request) => ({ order: request.order, id: request.id, name: nameOf(request.body) }));
  const first = new Map<string, number>();
  for (const { name, order } of deliveries) if (!first.has(name)) first.set(name, order);
  const kept = new Set(stored.map(({ body }) => nameOf(body)));
  const ids = new Map(deliveries.map(({ id, name }) => [name, id]));
  return {
    lost: [...written.committed.values()].flat().filter((name) => !first.has(name) && !kept.has(name)),
    unwritten: unwritten(written, requests, stored),
    disordered: [...written.committed.values()].flatMap((names) => disorder(names, first)),
    unstable: instability([...requests, ...stored]),
    needless: samples.flatMap((sample, i) => needless(requests, sample, samples[i + 1]?.requests)),
    premature: samples.flatMap((sample) => premature(requests, sample, ids)),
    duplicates: deliveries.length - first.size,
    delivered: first.size,
  };
}

/** Names in the order of their commits, and when each was first delivered. */
function disorder(names: readonly string[], first: ReadonlyMap<string, number>): string[] {
  let last = { name: '', order: -1 };
  const found: string[] = [];
  for (const name of names) {
    const order = first.get(name);
    if (order === undefined) continue;
    if (order < last.order) found.push(`${name} came before ${last.name}`);
    else last = { name, order };
  }
  return found;
}

function unwritten(written: WrittenRecord, requests: readonly ReceivedRequest[], stored: readonly StoredDelivery[]): string[] {
  const known = new Set([...written.committed.values()].flat());
  const seen = new Set([...requests, ...stored].map(({ body }) => nameOf(body)));
  return [...seen].filter((name) => !known.has(name)).map((name) => (written.rolledBack.has(name) ? `${name} was rolled back` : `${name} was never written`));
}

function instability(sent: readonly { readonly id: string; readonly body: Buffer }[]): string[] {
  const byName = new Map<string, string>();
  const byId = new Map<string, Buffer>();
  const found = new Set<string>();
  for (const { id, body } of sent) {
    const name = nameOf(body);
    if ((byName.get(name) ?? id) !== id) found.add(`${name} has two ids`);
    if (!(byId.get(id) ?? body).equals(body)) found.add(`${id} has two bodies`);
    if (id === '' || id.includes('.')) found.add(`${JSON.stringify(id)} is no id`);
    byName.set(name, id);
    byId.set(id, body);
  }
  return [...found];
}

/** Ids that had been delivered at the sample, were covered by its position and not stored, and came again before the next one. */
function needless(requests: readonly ReceivedRequest[], sample: Sample, until: number | undefined): string[] {
  const before = new Set(requests.slice(0, sample.requests).filter(isDelivered).map((request) => request.id));
  return requests
    .slice(sample.requests, until)
    .filter(({ id }) => before.has(id) && !sample.stored.has(id) && covers(sample, id))
    .map(({ id, body }) => `${nameOf(body)} (${id}) came again`);
}

/** What the sample's position covers although it was then neither delivered nor stored. */
function premature(requests: readonly ReceivedRequest[], sample: Sample, ids: ReadonlyMap<string, string>): string[] {
  const durable = new Set(requests.slice(0, sample.requests).filter(isDelivered).map((request) => request.id));
  return [...ids].filter(([, id]) => covers(sample, id) && !durable.has(id) && !sample.stored.has(id)).map(([name, id]) => `${name} (${id})`);
}

/** An id begins with the LSN of the commit record and the change's place among those of its table, of which there is one here. */
function covers({ lsn, within }: Sample, id: string): boolean {
  const parts = /^([0-9a-f]{16})-(\d+)-/.exec(id);
  if (parts === null) return false;
  const commitLsn = BigInt(`0x${parts[1]}`);
  return commitLsn < lsn || (within !== null && commitLsn === within.commitLsn && Number(parts[2]) <= within.ordinal);
}

export function isDelivered({ status }: ReceivedRequest): boolean {
  return status !== null && status >= 200 && status < 300;
}

/** Reads the parked and dead deliveries. */
export function storedDeliveries(database: TestDatabase): Promise<StoredDelivery[]> {
  return database.sql<{ fate: 'parked' | 'dead'; endpoint: string; id: string; body: Buffer }>(
    `select 'parked' as fate, endpoint, id, body from walhook.parked union all select 'dead', endpoint, id, body from walhook.dead`,
  );
}

/** Takes a sample of one endpoint's evidence while the daemon runs, or after it was killed. */
export async function takeSample(place: { readonly database: TestDatabase; readonly slot: string; readonly endpoint: string; readonly receiver: Receiver }): Promise<Sample> {
  const { database, slot, endpoint, receiver } = place;
  // In this order: what was durable at the position is in one of the two that are read later.
  const position = await positionOf(database, slot);
  const stored = (await storedDeliveries(database)).filter((delivery) => delivery.endpoint === endpoint);
  return { ...position, stored: new Set(stored.map(({ id }) => id)), requests: receiver.requests.length };
}

async function positionOf(database: TestDatabase, slot: string): Promise<Pick<Sample, 'lsn' | 'within'>> {
  const [found] = await database.sql<{ lsn: string; within: string | null; ordinal: string | null }>(
    `select (greatest(confirmed_flush_lsn, stored.lsn) - '0/0')::text as lsn, (within_commit_lsn - '0/0')::text as within, within_ordinal::text as ordinal
     from pg_replication_slots left join walhook.checkpoint stored on stored.slot = slot_name where slot_name = $1`,
    [slot],
  );
  if (found === undefined) throw new Error(`there is no slot ${slot}`);
  const { lsn, within, ordinal } = found;
  return { lsn: BigInt(lsn), within: within === null || ordinal === null ? null : { commitLsn: BigInt(within), ordinal: Number(ordinal) } };
}
