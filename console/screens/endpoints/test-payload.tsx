import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { EndpointReport, Exchange } from '../../../src/inspection.ts';
import { useAct } from '../../api/act.ts';
import { post } from '../../api/api.ts';
import { ExchangeShown } from '../../parts/request.tsx';
import { tell } from '../../place/notices.ts';
import { parsed } from '../../text/json.ts';

/** One signed request, now, past queue and breaker, with what was answered. */
export function TestPayload({ endpoint: { name, hooks } }: { readonly endpoint: EndpointReport }): VNode {
  const { busy, run } = useAct();
  const [exchange, setExchange] = useState<Exchange | null>(null);
  const [data, setData] = useState('');
  const [hook, setHook] = useState('');
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    const value = data.trim() === '' ? null : parsed(data);
    if (value === undefined) return tell('failed', 'the test payload is no JSON');
    run(async () => {
      setExchange(await post<Exchange>(`/endpoints/${encodeURIComponent(name)}/test`, { data: value, ...(hook === '' ? {} : { hook }) }));
      return null;
    });
  };
  return (
    <section>
      <h3>Test payload</h3>
      <form class="stack" onSubmit={send}>
        <textarea class="code" rows={data === '' ? 1 : 5} aria-label="test payload" placeholder="JSON of data; empty: an example" value={data} spellcheck={false} onInput={(event) => setData(event.currentTarget.value)} />
        <div class="actions">
          {hooks.length === 0 ? null : (
            <label>
              in the shape of{' '}
              <select value={hook} onChange={(event) => setHook(event.currentTarget.value)}>
                <option value="">an event</option>
                {hooks.map((one) => (
                  <option value={one}>{one}</option>
                ))}
              </select>
            </label>
          )}
          <button type="submit" class="button" disabled={busy}>
            {busy ? 'Sending …' : 'Send a test'}
          </button>
        </div>
      </form>
      {exchange === null ? null : <ExchangeShown exchange={exchange} />}
    </section>
  );
}
