/** The method of a request that is a record for a Kafka topic: no HTTP endpoint is ever sent it. */
export const PRODUCE = 'PRODUCE';

/** Where a record goes. */
export interface RecordTarget {
  readonly topic: string;
  /** Null: the delivery's lane, so that what must keep its order is in one partition. */
  readonly key: string | null;
}

/**
 * The path of such a request: `/topic`, or `/topic/key` with the key escaped. So it is stored, sealed, listed and shown as any path
 * is. Kafka's names need no escaping.
 */
export function recordPath({ topic, key }: RecordTarget): string {
  return key === null ? `/${topic}` : `/${topic}/${encodeURIComponent(key.toWellFormed())}`;
}

/** What `recordPath` was made from; null if it was not. */
export function recordTarget(path: string | null): RecordTarget | null {
  const [, topic = '', key] = PATH.exec(path ?? '') ?? [];
  if (!isTopic(topic)) return null;
  try {
    return { topic, key: key === undefined ? null : decodeURIComponent(key) };
  } catch {
    return null;
  }
}

/** For people: `app.public.people key 42`. */
export function recordText({ topic, key }: RecordTarget): string {
  return `${topic} key ${key ?? '(its lane)'}`;
}

const PATH = /^\/([^/]*)(?:\/([^/?#]+))?$/;

/** Kafka's own rule for the names of topics: https://kafka.apache.org/documentation/#topicconfigs (Topic.validate). */
export function isTopic(name: string): boolean {
  return /^[a-zA-Z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..';
}
