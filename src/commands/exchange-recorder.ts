import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { SentRecord } from '../deliver/record-sender.ts';
import type { SenderOptions } from '../deliver/sender.ts';

/** A request as it went out, but for what HTTP itself adds. */
export interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** null: none. */
  readonly body: string | null;
}

/** A response, as much of it as is kept. */
export interface SeenResponse {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** There was more of the body. */
  readonly cut: boolean;
}

/** How much of a response's body is kept, in bytes. */
const KEPT = 64 * 1024;

/** Of a request that does not go out. */
const NO_CONTROLLER: Dispatcher.DispatchController = { aborted: true, paused: false, reason: null, abort() {}, pause() {}, resume() {} };

/** Looks on as a sender makes requests: keeps the last one, and what was answered to it. */
export class ExchangeRecorder {
  request: SentRequest | null = null;
  /** How many requests it took. */
  requests = 0;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #chunks: Buffer[] = [];
  #length = 0;

  /** For the sender. */
  readonly tap: NonNullable<SenderOptions['tap']> = ({ method, path, headers, body }, handler) => {
    this.request = { method, path, headers: pairsOf(headers), body };
    this.requests++;
    this.#status = 0;
    this.#headers = {};
    this.#chunks = [];
    this.#length = 0;
    return this.#watched(handler);
  };

  /** The same, but no request goes out. */
  readonly hold: NonNullable<SenderOptions['tap']> = (request, handler) => {
    this.tap(request, handler);
    handler.onResponseError?.(NO_CONTROLLER, new Error('the request is only looked at'));
    return null;
  };

  /** The same of records. */
  readonly tapRecord = (record: SentRecord): boolean => {
    this.request = record;
    this.requests++;
    return true;
  };

  readonly holdRecord = (record: SentRecord): boolean => !this.tapRecord(record);

  /** null if none has come. */
  get response(): SeenResponse | null {
    if (this.#status === 0) return null;
    const headers = Object.entries(this.#headers).flatMap(([name, value]) => [value ?? []].flat().map((one) => [name, one] as const));
    return { status: this.#status, headers, body: Buffer.concat(this.#chunks).subarray(0, KEPT), cut: this.#length > KEPT };
  }

  #watched(handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
    return {
      onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
      onResponseStarted: () => handler.onResponseStarted?.(),
      onResponseStart: (controller, status, headers, statusMessage) => {
        if (status >= 200) {
          this.#status = status;
          this.#headers = headers;
        }
        handler.onResponseStart?.(controller, status, headers, statusMessage);
      },
      onResponseData: (controller, chunk) => {
        // A copy: the chunk is the socket's.
        if (this.#length < KEPT) this.#chunks.push(Buffer.from(chunk));
        this.#length += chunk.length;
        handler.onResponseData?.(controller, chunk);
      },
      onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
      onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
    };
  }
}

/** undici's flat list, in which a header without a value is not sent. */
function pairsOf(list: readonly (string | undefined)[]): (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (let at = 0; at < list.length; at += 2) {
    const [name, value] = [list[at], list[at + 1]];
    if (name !== undefined && value !== undefined) pairs.push([name, value]);
  }
  return pairs;
}
