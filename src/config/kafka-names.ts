import ipaddr from 'ipaddr.js';
import type { TextTemplate } from '../template.ts';
import type { Reading } from './kinds.ts';

/** What Kafka calls by name: brokers, topics, groups. No message here holds the value. */

/** https://github.com/apache/kafka/blob/trunk/clients/src/main/java/org/apache/kafka/common/internals/Topic.java */
const TOPIC = /^[A-Za-z0-9._-]+$/;
const MAX_TOPIC = 249;

/** `kafka-1:9092`, `[fd00::1]:9092`, or several with commas between them, as they stand in a variable → each. */
export function brokerList(text: string): Reading<readonly string[]> {
  const brokers = text.split(',').map((broker) => broker.trim());
  return brokers.every(isBroker) ? { value: brokers } : { refused: 'expected a broker, host:port, such as kafka-1.example.com:9092 or [fd00::1]:9092' };
}

function isBroker(text: string): boolean {
  const [, address, host, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text) ?? [];
  const isHost = address === undefined ? host !== undefined : ipaddr.IPv6.isValid(address);
  return isHost && Number(port) > 0 && Number(port) <= 65_535;
}

/** The brokers of all items. */
export function brokerLists(lists: readonly (readonly string[])[]): Reading<readonly string[]> {
  const all = lists.flat();
  return new Set(all).size === all.length ? { value: all } : { refused: 'the same broker is there twice' };
}

export function topicName(text: string): Reading<string> {
  const refused = topicFault(text);
  return refused === null ? { value: text } : { refused };
}

/** The name of a topic, maybe with expressions in it. What they give is held against the same rule when it is known. */
export function topicTemplate(parts: TextTemplate): Reading<TextTemplate> {
  if (parts.every((part) => typeof part === 'string')) {
    const refused = topicFault(parts.join(''));
    return refused === null ? { value: parts } : { refused };
  }
  const literal = parts.filter((part) => typeof part === 'string').join('');
  const refused = literal === '' ? null : topicFault(`${literal}-`);
  return refused === null ? { value: parts } : { refused };
}

function topicFault(name: string): string | null {
  if (!TOPIC.test(name)) return 'the name of a topic is letters, digits, ., _ and -';
  if (name === '.' || name === '..') return 'no topic is named . or ..';
  return name.length > MAX_TOPIC ? `the name of a topic has at most ${MAX_TOPIC} characters` : null;
}

/** The key of records, any text. */
export function keyTemplate(parts: TextTemplate): Reading<TextTemplate> {
  return parts.length === 0 ? { refused: 'the key is empty: without this line it is the lane of the event' } : { value: parts };
}

/** A consumer group. Kafka takes any text; what stands in logs and shells is kept to what is easy there. */
export function groupName(text: string): Reading<string> {
  return /^[A-Za-z0-9._-]{1,249}$/.test(text) ? { value: text } : { refused: 'the name of a group is 1 to 249 letters, digits, ., _ and -' };
}

/** User or password of SASL: RFC 4616 separates them by NUL, RFC 5802 has control characters prohibited. */
export function saslText(text: string): Reading<string> {
  if (text === '') return { refused: 'must not be empty' };
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return !/[\u0000-\u001f\u007f]/.test(text) ? { value: text } : { refused: 'expected text without control characters' };
}
