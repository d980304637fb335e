import { type Ending, excess } from './duplicates.ts';
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

/** What was measured of the daemon while it ran, and the most that its configuration allows. */
export interface Bounds {
  readonly rss: { readonly bytes: number; readonly most: number };
  readonly sockets: { readonly count: number; readonly most: number };
  /** Parked and dead rows, the most that were seen. */
  readonly rows: { readonly count: number; readonly most: number };
  readonly inFlight: { readonly deliveries: number; readonly most: number };
}

/** All that is known of one endpoint after a run. */
export interface Evidence {
  readonly written: WrittenRecord;
  readonly requests: readonly ReceivedRequest[];
  readonly stored: readonly StoredDelivery[];
  readonly samples: readonly Sample[];
  /** How the daemon's runs ended, oldest first. Not given: duplicates are only counted. */
  readonly endings?: readonly Ending[];
  readonly bounds?: Bounds;
  /** Texts in which nothing secret may be, by what they are; and what must not be in them. */
  readonly traces?: { readonly texts: Readonly<Record<string, string>>; readonly secrets: Readonly<Record<string, string>> };
}

/** What was found wrong, a sentence each, by condition; and how many deliveries came twice, which a crash may cause. */
export interface Verdict {
  /** 1: committed, but neither delivered nor parked nor dead. */
  readonly lost: string[];
  /** 2: sent although it was rolled back or never written. */
  readonly unwritten: string[];
  /** 3: sent before one that was committed earlier in its lane had been delivered. */
  readonly disordered: string[];
  /** 4: another id or another body for the same change, or one id for two. */
  readonly unstable: string[];
  /** 5: sent again although the checkpoint was past it. */
  readonly needless: string[];
  /** 5: more of them than what was in flight and a checkpoint's time may cause. */
  readonly excess: string[];
  /** 6: confirmed, or checkpointed, before it was durable. */
  readonly premature: string[];
  /** 7: more memory, sockets or rows than the configuration allows. */
  readonly unbounded: string[];
  /** 8: a hidden value or a secret where it must not be. */
  readonly leaked: string[];
  readonly duplicates: number;
  readonly delivered: number;
}

/** The conditions, by the number that architecture.md gives them. */
export const CONDITIONS = { lost: 1, unwritten: 2, disordered: 3, unstable: 4, needless: 5, excess: 5, premature: 6, unbounded: 7, leaked: 8 } as const;

export type Condition = keyof typeof CONDITIONS;

/** The verdict of a run without a fault, but for the counts. */
export const FLAWLESS = { lost: [], unwritten: [], disordered: [], unstable: [], needless: [], excess: [], premature: [], unbounded: [], leaked: [] };

interface Named {
  readonly order: number;
  readonly id: string;
  readonly name: string;
  readonly delivered: boolean;
  /** It was sent in one request with what is before it in its lane. */
  readonly isBehind: boolean;
}

/** Judges a run by the eight conditions under "The one invariant" in architecture.md, as far as there is evidence. */
export function judge({ written, requests, stored, samples, endings, bounds, traces }: Evidence): Verdict {
  const named = requests.map((request): Named => ({ order: request.order, id: request.id, name: nameOf(request.body), delivered: isDelivered(request), isBehind: request.isBehind ?? false }));
  const kept = stored.map(({ id, body }) => ({ id, name: nameOf(body) }));
  const deliveries = named.filter(({ delivered }) => delivered);
  const first = firstOf(deliveries);
  const keptNames = new Set(kept.map(({ name }) => name));
  const ids = new Map(deliveries.map(({ id, name }) => [name, id]));
  const lanes = [...written.committed.values()];
  return {
    lost: lanes.flat().filter((name) => !first.has(name) && !keptNames.has(name)),
    unwritten: unwritten(written, [...named, ...kept]),
    disordered: disorder(lanes, firstOf(named.filter(({ delivered, isBehind }) => delivered || !isBehind)), first),
    unstable: instability([...requests.map(({ body }, i) => ({ id: named[i]?.id ?? '', name: named[i]?.name ?? '', body })), ...stored.map(({ id, body }, i) => ({ id, name: kept[i]?.name ?? '', body }))]),
    needless: samples.flatMap((sample, i) => needless(requests, sample, samples[i + 1]?.requests)),
    excess: endings === undefined ? [] : excess(requests.filter(isDelivered), endings),
    premature: samples.flatMap((sample) => premature(requests, sample, ids)),
    unbounded: bounds === undefined ? [] : unbounded(bounds),
    leaked: traces === undefined ? [] : leaked(traces),
    duplicates: deliveries.length - first.size,
    delivered: first.size,
  };
}

function firstOf(named: readonly Named[]): Map<string, number> {
  const first = new Map<string, number>();
  for (const { name, order } of named) if (!first.has(name)) first.set(name, order);
  return first;
}

/**
 * Lanes are names in the order of their commits. Each must have been sent for the first time only when the one before it
 * had been delivered: a lane waits behind its head, whatever its fate, and only a dead letter lets the next one by. In a batch it may
 * stand behind the one before it, and if that fails it was not sent.
 */
function disorder(lanes: readonly (readonly string[])[], sent: ReadonlyMap<string, number>, delivered: ReadonlyMap<string, number>): string[] {
  const found: string[] = [];
  for (const names of lanes) {
    let last = { name: '', order: -1 };
    for (const name of names) {
      const order = sent.get(name);
      if (order === undefined) continue;
      if (order < last.order) found.push(`${name} was sent before ${last.name} was delivered`);
      const arrived = delivered.get(name) ?? -1;
      if (arrived > last.order) last = { name, order: arrived };
    }
  }
  return found;
}

function unwritten(written: WrittenRecord, seen: readonly { readonly name: string }[]): string[] {
  const known = new Set([...written.committed.values()].flat());
  const names = new Set(seen.map(({ name }) => name));
  return [...names].filter((name) => !known.has(name)).map((name) => (written.rolledBack.has(name) ? `${name} was rolled back` : `${name} was never written`));
}

function instability(sent: readonly { readonly id: string; readonly name: string; readonly body: Buffer }[]): string[] {
  const byName = new Map<string, string>();
  const byId = new Map<string, Buffer>();
  const found = new Set<string>();
  for (const { id, name, body } of sent) {
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
  return [...ids].filter(([, id]) => !durable.has(id) && !sample.stored.has(id) && covers(sample, id)).map(([name, id]) => `${name} (${id})`);
}

/** An id begins with the LSN of the commit record and the change's place among those of its table, of which there is one here. */
function covers({ lsn, within }: Sample, id: string): boolean {
  const parts = /^([0-9a-f]{16})-(\d+)-/.exec(id);
  if (parts === null) return false;
  const commitLsn = BigInt(`0x${parts[1]}`);
  return commitLsn < lsn || (within !== null && commitLsn === within.commitLsn && Number(parts[2]) <= within.ordinal);
}

function unbounded({ rss, sockets, rows, inFlight }: Bounds): string[] {
  const mebibytes = (bytes: number): number => Math.round(bytes / 1024 / 1024);
  return [
    ...(rss.bytes > rss.most ? [`${mebibytes(rss.bytes)} MiB of memory, at most ${mebibytes(rss.most)} MiB expected`] : []),
    ...(sockets.count > sockets.most ? [`${sockets.count} sockets, at most ${sockets.most} expected`] : []),
    ...(rows.count > rows.most ? [`${rows.count} stored rows, at most ${rows.most} expected`] : []),
    ...(inFlight.deliveries > inFlight.most ? [`${inFlight.deliveries} deliveries in memory, at most ${inFlight.most} allowed`] : []),
  ];
}

function leaked({ texts, secrets }: NonNullable<Evidence['traces']>): string[] {
  return Object.entries(texts).flatMap(([where, text]) => Object.entries(secrets).flatMap(([what, secret]) => (text.includes(secret) ? [`${what} is in ${where}`] : [])));
}

export function isDelivered({ status }: ReceivedRequest): boolean {
  return status !== null && status >= 200 && status < 300;
}

/** Reads the parked and dead deliveries. */
export function storedDeliveries(database: Pick<TestDatabase, 'sql'>): Promise<StoredDelivery[]> {
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

/** Where the daemon would go on after a crash. */
export async function positionOf(database: Pick<TestDatabase, 'sql'>, slot: string): Promise<Pick<Sample, 'lsn' | 'within'>> {
  const [found] = await database.sql<{ lsn: string; within: string | null; ordinal: string | null }>(
    `select (greatest(confirmed_flush_lsn, stored.lsn) - '0/0')::text as lsn, (within_commit_lsn - '0/0')::text as within, within_ordinal::text as ordinal
     from pg_replication_slots left join walhook.checkpoint stored on stored.slot = slot_name where slot_name = $1`,
    [slot],
  );
  if (found === undefined) throw new Error(`there is no slot ${slot}`);
  const { lsn, within, ordinal } = found;
  return { lsn: BigInt(lsn), within: within === null || ordinal === null ? null : { commitLsn: BigInt(within), ordinal: Number(ordinal) } };
}
