import type { Codecs } from '../codec.ts';
import type { Encoding, EndpointConfig, HookConfig, KafkaEndpointConfig } from '../config.ts';
import { type Headers, NO_HEADERS, type RequestShape, UNRENDERED } from '../delivery.ts';
import type { Event, WatchedTable } from '../event.ts';
import type { EvaluationFailure, Values } from '../expression/expression.ts';
import type { Body } from './body.ts';
import { encodeForm, FORM_CONTENT_TYPE } from './encode-form.ts';
import { compileHeaders } from './request-headers.ts';
import { compileMethod } from './request-method.ts';
import { PRODUCE } from '../record-path.ts';
import { compilePath } from './request-path.ts';
import { compileRecordPath, recordHeaders } from './record-request.ts';
import { TemplateBody } from './template-body.ts';
import { TemplateCompiler } from './template-compiler.ts';
import type { TemplateScope } from './template-scope.ts';
import { Unrenderable } from './unrenderable.ts';

export interface HookRequestsOptions {
  readonly table: WatchedTable;
  readonly codecs: Codecs;
  /** What makes the bodies of the hook's format. Hooks whose bodies are equal may share it. */
  readonly body: Body;
}

/** What a delivery sends. */
export interface MadeRequest {
  readonly request: RequestShape;
  readonly body: string;
}

/** The same for every event, or made for each. */
type Varying<T> = T | ((scope: TemplateScope) => T);

/** Makes the requests of one hook, for one version of its table: what `body`, `format`, `encoding`, `method`, `path` and `headers` say. */
export class HookRequests {
  readonly #hook: string;
  readonly #method: Varying<string> | null;
  readonly #path: Varying<string> | null;
  readonly #headers: Varying<Headers>;
  readonly #body: Body | TemplateBody;
  /** Headers that are part of the format; null if it has none. */
  readonly #own: ((event: Event, id: string) => Headers) | null;
  readonly #encoding: Encoding | null;
  readonly #compiler: TemplateCompiler;
  #scope: TemplateScope;
  // Of the event that was asked for last: its endpoints share them.
  #serial = 0;
  #id = '';
  #json = '';
  #form: string | null = null;

  constructor(hook: HookConfig, { table, codecs, body }: HookRequestsOptions) {
    const compiler = new TemplateCompiler(table, codecs, hook);
    this.#hook = hook.name;
    this.#method = hook.method === null ? null : compileMethod(hook.method, compiler);
    this.#path = hook.path === null ? null : compilePath(hook.path, compiler);
    this.#headers = compileHeaders(hook.headers, compiler);
    this.#body = hook.body === null ? body : new TemplateBody(hook.body, { compiler, omitNull: hook.omit_null });
    this.#own = hook.body === null && body.headers !== undefined ? (event, id) => body.headers?.(event, id) ?? NO_HEADERS : null;
    this.#encoding = hook.encoding;
    this.#compiler = compiler;
    this.#scope = compiler.scope();
  }

  /** The requests for an endpoint. Made anew for each version of the table, as these are. */
  to(endpoint: Pick<EndpointConfig, 'name' | 'method' | 'kafka'>): RequestMaker {
    const { name, kafka } = endpoint;
    return kafka === null ? this.#toHttp(endpoint) : this.#toTopic(name, kafka);
  }

  #toHttp({ name, method: ownMethod }: Pick<EndpointConfig, 'name' | 'method'>): RequestMaker {
    const shape = (scope: TemplateScope | null, own: Headers): RequestShape => {
      const method = valueIn(this.#method, scope);
      const headers = valueIn(this.#headers, scope) ?? NO_HEADERS;
      return {
        hook: this.#hook,
        endpoint: name,
        method,
        path: valueIn(this.#path, scope),
        contentType: this.#contentType(method ?? ownMethod),
        headers: withOwn(own, headers),
      };
    };
    const varies = [this.#method, this.#path, this.#headers].some((part) => typeof part === 'function');
    return this.#maker(name, { shape, varies, method: valueIn(this.#method, null) });
  }

  /** `method`, `path` and `encoding` of the hook are HTTP's: a record has a topic and a key, and its value is the body. */
  #toTopic(name: string, kafka: KafkaEndpointConfig): RequestMaker {
    const path = compileRecordPath(kafka, this.#compiler);
    // It holds what the expressions so far ask for, those of this endpoint now too.
    this.#scope = this.#compiler.scope();
    this.#serial = 0;
    const shape = (scope: TemplateScope | null, own: Headers): RequestShape => ({
      hook: this.#hook,
      endpoint: name,
      method: PRODUCE,
      path: valueIn(path, scope),
      contentType: this.#body.contentType,
      headers: withOwn(recordHeaders(own), valueIn(this.#headers, scope) ?? NO_HEADERS),
    });
    const varies = typeof path === 'function' || typeof this.#headers === 'function';
    return this.#maker(name, { shape, varies, method: PRODUCE });
  }

  #maker(endpoint: string, { shape, varies, method }: Shaping): RequestMaker {
    const constant = varies || this.#own !== null ? null : shape(null, NO_HEADERS);
    return {
      make: (event, id, lookups) => {
        try {
          this.#enter(event, id, lookups);
          const request = constant ?? shape(this.#scope, this.#own?.(event, id) ?? NO_HEADERS);
          const body = request.contentType === null || request.contentType === FORM_CONTENT_TYPE ? this.#pairs() : this.#json;
          return { request, body };
        } catch (error) {
          if (error instanceof Unrenderable) return { message: error.message };
          throw error;
        }
      },
      unrendered: { hook: this.#hook, endpoint, method, path: null, contentType: UNRENDERED, headers: NO_HEADERS },
    };
  }

  #enter(event: Event, id: string, lookups: Values | null): void {
    if (event.serial === this.#serial && id === this.#id) return;
    this.#serial = 0;
    this.#form = null;
    this.#scope.enter(event, id, lookups);
    this.#json = this.#body instanceof TemplateBody ? this.#body.build(this.#scope) : this.#body.build(event, id);
    this.#id = id;
    this.#serial = event.serial;
  }

  #pairs(): string {
    this.#form ??= encodeForm(this.#json);
    return this.#form;
  }

  #contentType(method: string): string | null {
    switch (this.#encoding ?? (BODILESS.has(method) ? 'query' : 'json')) {
      case 'json':
        return this.#body.contentType;
      case 'form':
        return FORM_CONTENT_TYPE;
      case 'query':
        return null;
    }
  }
}

/** Makes the requests of a hook for one of its endpoints. */
export interface RequestMaker {
  /**
   * @param id the event's webhook-id
   * @param lookups what `enrich` found, by its names; null if the hook has none
   * @returns why it cannot be made, with the option's name: nothing is sent that is half there
   */
  make(event: Event, id: string, lookups: Values | null): MadeRequest | EvaluationFailure;
  /** Of a dead letter that could not be made. */
  readonly unrendered: RequestShape;
}

/** How the requests for one endpoint are made. */
interface Shaping {
  /** @param own headers that are part of the format */
  readonly shape: (scope: TemplateScope | null, own: Headers) => RequestShape;
  /** One shape does not do for all. */
  readonly varies: boolean;
  /** Of what cannot be rendered. */
  readonly method: string | null;
}

/** The hook's headers go before those of its format. */
function withOwn(own: Headers, headers: Headers): Headers {
  return own.length === 0 ? headers : [...own.filter(([one]) => !headers.some(([other]) => other === one)), ...headers];
}

/** Methods whose requests have no body. */
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** `scope`: null where nothing varies. */
function valueIn<T extends string | Headers>(part: Varying<T> | null, scope: TemplateScope | null): T | null {
  if (typeof part !== 'function') return part;
  return scope === null ? null : part(scope);
}
