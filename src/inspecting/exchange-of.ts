import type { Exchange, Header } from '../inspection.ts';
import type { SecretTexts } from './secret-texts.ts';

/** An exchange for the API. A server may tell all that it got: what is secret in the whole configuration is hidden. */
export function exchangeOf(report: Exchange, texts: Pick<SecretTexts, 'hide'>): Exchange {
  const { request, response, message } = report;
  const headersOf = (headers: readonly Header[]): Header[] => headers.map(([name, value]) => [name, texts.hide(value)] as const);
  return {
    ...report,
    message: message === null ? null : texts.hide(message),
    request: request === null ? null : { ...request, url: texts.hide(request.url), headers: headersOf(request.headers), body: request.body === null ? null : texts.hide(request.body) },
    response: response === null ? null : { ...response, headers: headersOf(response.headers), body: texts.hide(response.body) },
  };
}
