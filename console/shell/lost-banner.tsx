import type { VNode } from 'preact';
import { lostSince } from '../api/connection.ts';
import { State } from '../parts/state.tsx';
import { Time } from '../parts/time.tsx';
import { useStore } from '../place/store.ts';

/** @param at when the daemon last said how it is. */
export function LostBanner({ at }: { readonly at: number | null }): VNode | null {
  const since = useStore(lostSince);
  if (since === null) return null;
  return (
    <div class="banner" role="alert">
      <State tone="failing">
        walhook does not answer. {at === null ? null : <>What you see is from <Time at={at} />. </>}It is looked for all the time, and the page goes on by itself.
      </State>
      <p class="faint">
        Is it running? <code>systemctl status walhook</code>, <code>docker compose ps</code>, <code>walhook status</code>
      </p>
    </div>
  );
}
