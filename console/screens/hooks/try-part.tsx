import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Exchange, RenderRequest } from '../../../src/inspection.ts';
import { useAct } from '../../api/act.ts';
import { post } from '../../api/api.ts';
import { ExchangeShown } from '../../parts/request.tsx';

/** Sends what is shown to a URL of one's own. */
export function TryPart({ hook, request }: { readonly hook: string; readonly request: RenderRequest }): VNode {
  const [url, setUrl] = useState('');
  const [exchange, setExchange] = useState<Exchange | null>(null);
  const { busy, run } = useAct();
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    run(async () => {
      setExchange(await post<Exchange>(`/hooks/${encodeURIComponent(hook)}/try`, { ...request, url }));
      return null;
    });
  };
  return (
    <section>
      <h2>Try it</h2>
      <form class="actions" onSubmit={send}>
        <input class="grow" type="url" required aria-label="test URL" placeholder="https://… to send it to" value={url} onInput={(event) => setUrl(event.currentTarget.value)} />
        <button type="submit" class="button" disabled={busy}>
          {busy ? 'Sending …' : request.draft === undefined ? 'Send it there' : 'Send the draft there'}
        </button>
      </form>
      {exchange === null ? null : <ExchangeShown exchange={exchange} />}
    </section>
  );
}
