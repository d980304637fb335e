import type { VNode } from 'preact';
import type { BackfillReport } from '../../../src/backfills.ts';
import { useAct } from '../../api/act.ts';
import { post } from '../../api/api.ts';
import { Choice } from '../../parts/choice.tsx';
import { useFacts } from '../../parts/facts.tsx';
import { go, linkWith, usePlace } from '../../place/place.ts';

/** Sends the rows that a hook's table has, while the stream goes on. */
export function StartBackfill({ onStart }: { readonly onStart: () => void }): VNode {
  const place = usePlace();
  const { hooks } = useFacts();
  const hook = place.query.get('hook') ?? '';
  const where = place.query.get('where') ?? '';
  const rate = place.query.get('rate') ?? '';
  const set = (changes: Readonly<Record<string, string | null>>): void => go(linkWith(place, changes), 'replace');
  const { busy, run } = useAct();
  const start = (event: SubmitEvent): void => {
    event.preventDefault();
    run(async () => {
      const asked = { hook, origin: 'console', ...(where.trim() === '' ? {} : { where }), ...(rate === '' ? {} : { rate: Number(rate) }) };
      const { table } = await post<BackfillReport>('/backfills', asked);
      set({ where: null });
      onStart();
      return `The rows of ${table} go to ${hook}, while the stream goes on.`;
    });
  };
  return (
    <form class="filters" aria-label="start a backfill" onSubmit={start}>
      <Choice name="hook" value={hook} options={(hooks.data?.hooks ?? []).map(({ name }) => name)} none="choose" onChoice={(name) => set({ hook: name })} />
      <label class="grow">
        <span>where</span>
        <input class="code" aria-label="where" placeholder="SQL, such as country = 'NL'; empty: every row" value={where} spellcheck={false} onInput={(event) => set({ where: event.currentTarget.value })} />
      </label>
      <label>
        <span>rows a second</span>
        <input class="short" type="number" min="0.001" max="1000000" step="any" aria-label="rate" placeholder="no limit" value={rate} onInput={(event) => set({ rate: event.currentTarget.value })} />
      </label>
      <button type="submit" class="button main" disabled={busy || hook === ''}>
        Start
      </button>
    </form>
  );
}
