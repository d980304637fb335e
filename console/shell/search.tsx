import type { VNode } from 'preact';
import { useFacts } from '../parts/facts.tsx';
import { go } from '../place/place.ts';
import { searchLink } from '../text/search-link.ts';

/** Where is my event? By its webhook-id, or by its row. */
export function Search(): VNode {
  const { hooks } = useFacts();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const text = new FormData(event.currentTarget).get('for');
    const href = searchLink(typeof text === 'string' ? text : '', hooks.data?.hooks ?? []);
    if (href !== null) go(href);
  };
  return (
    <form class="search" role="search" onSubmit={submit}>
      <input type="search" name="for" data-key="/" aria-label="search" placeholder="Where is my event? webhook-id, or: profiles user_id=42" autocomplete="off" spellcheck={false} />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}
