import type { VNode } from 'preact';
import type { Exchange, Header, ShownRequest } from '../../src/inspection.ts';
import { duration } from '../text/units.ts';
import { Block } from './block.tsx';
import { Raw } from './raw.tsx';
import { State } from './state.tsx';

export function Headers({ headers }: { readonly headers: readonly Header[] }): VNode {
  return (
    <dl class="headers">
      {headers.map(([name, value]) => (
        <div>
          <dt>
            <Raw text={name} />
          </dt>
          <dd>
            <Raw text={value} most={2_000} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A request as it goes out, secrets masked. */
export function Request({ request }: { readonly request: ShownRequest }): VNode {
  return (
    <div class="exchange">
      <p class="request-line">
        <b>{request.method}</b> <Raw text={request.url} most={2_000} />
      </p>
      <Headers headers={request.headers} />
      {request.body === null ? <p class="faint">no body: the event is in the URL</p> : <Block text={request.body} label="body" />}
    </div>
  );
}

/** What was sent by hand, and what came back. */
export function ExchangeShown({ exchange }: { readonly exchange: Exchange }): VNode {
  const { verdict, message, response, request, notes } = exchange;
  const arrived = verdict === 'delivered';
  return (
    <section class="exchange" data-test="exchange">
      <p>
        <State tone={arrived ? 'ok' : 'failing'}>
          {arrived ? 'delivered' : verdict} {response === null ? 'without a response' : `with status ${response.status}`} in {duration(exchange.duration_ms)}
        </State>
      </p>
      {message === null ? null : (
        <p>
          <Raw text={message} />
        </p>
      )}
      {notes.map((note) => (
        <p class="faint">
          <Raw text={note} />
        </p>
      ))}
      {response === null ? null : (
        <>
          <h3>Response</h3>
          <Headers headers={response.headers} />
          <Block text={response.body} label="body" truncated={response.truncated} />
        </>
      )}
      {request === null ? null : (
        <>
          <h3>Request</h3>
          <Request request={request} />
        </>
      )}
    </section>
  );
}
