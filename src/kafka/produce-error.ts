import type { RecordResult } from '../deliver/port.ts';
import { refusedBy } from './produce-failure.ts';

/** What brokers answered of a produce that failed in part, by `topic:partition`. */
export interface Answers {
  /** The offset of the first record. */
  readonly written: ReadonlyMap<string, bigint>;
  /** Codes of the protocol. */
  readonly refused: ReadonlyMap<string, number>;
}

interface PartitionResponse {
  readonly index: number;
  readonly errorCode: number;
  readonly baseOffset: bigint;
}

/** An answer that the brokers had the batch already: it is there. */
const THERE_ALREADY = 46;

/** From an error of the library's `send`: what it holds of answers, those of earlier tries too. */
export function answersIn(error: unknown): Answers {
  const written = new Map<string, bigint>();
  const refused = new Map<string, number>();
  for (const one of errorsWithin(error)) {
    for (const { topic, partition, offset } of producedIn(one)) written.set(`${topic}:${partition}`, offset);
    for (const { name, partitionResponses } of responsesIn(one)) {
      for (const { index, errorCode, baseOffset } of partitionResponses) {
        const place = `${name}:${index}`;
        if (errorCode === 0 || errorCode === THERE_ALREADY) written.set(place, baseOffset);
        else refused.set(place, errorCode);
      }
    }
  }
  return { written, refused };
}

/** Why records were not written of which no answer says anything. */
export function failureIn(error: unknown): RecordResult {
  const errors = errorsWithin(error);
  const names = errors.flatMap((one) => (textOf(one, 'apiId') ?? (textOf(one, 'code') === 'PLT_KFK_AUTHENTICATION' ? 'SASL_AUTHENTICATION_FAILED' : [])));
  const [name] = names;
  if (name !== undefined) return refusedBy(name);
  if (errors.some(({ message }) => message.startsWith('Unknown topic '))) return refusedBy('UNKNOWN_TOPIC_OR_PARTITION');
  // What is the library's own says less than what it wraps.
  const root = errors.find((one) => textOf(one, 'code')?.startsWith('PLT_KFK_') === false);
  if (root !== undefined) return { kind: 'unanswered', error: root };
  const isLate = errors.some(({ message }) => /timed out/i.test(message));
  return { kind: 'unanswered', error: Object.assign(new Error('no answer'), { code: isLate ? 'ETIMEDOUT' : 'ECONNRESET' }) };
}

/** The error and all that it wraps, outermost first. */
function errorsWithin(error: unknown, depth = 0): Error[] {
  if (!(error instanceof Error) || depth > 8) return [];
  const inner = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  return [error, ...[...inner, error.cause].flatMap((one) => errorsWithin(one, depth + 1))];
}

function textOf(error: Error, name: string): string | null {
  const value = (error as unknown as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : null;
}

function producedIn(error: Error): readonly { readonly topic: string; readonly partition: number; readonly offset: bigint }[] {
  return (error as { produced?: { offsets?: { topic: string; partition: number; offset: bigint }[] } }).produced?.offsets ?? [];
}

function responsesIn(error: Error): readonly { readonly name: string; readonly partitionResponses: readonly PartitionResponse[] }[] {
  return (error as { response?: { responses?: { name: string; partitionResponses: PartitionResponse[] }[] } }).response?.responses ?? [];
}
