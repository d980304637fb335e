import type { VNode } from 'preact';
import { keepToken, tokenWanted } from '../api/token.ts';
import { State } from '../parts/state.tsx';
import { useStore } from '../place/store.ts';

/** Asks for `server.token`: the API wants one. */
export function TokenForm(): VNode {
  const wrong = useStore(tokenWanted) === 'wrong';
  return (
    <form class="token" onSubmit={submit}>
      <h1>A token is needed</h1>
      <p>
        This walhook answers only those who have its <code>server.token</code>. It is kept in this tab until the tab is closed.
      </p>
      <label>
        Token
        <input type="password" name="token" autocomplete="current-password" required data-test="token" />
      </label>
      {wrong ? (
        <p role="alert">
          <State tone="failing">The one that was given is wrong.</State>
        </p>
      ) : null}
      <p>
        <button type="submit" class="button main">
          Open
        </button>
      </p>
    </form>
  );
}

function submit(event: SubmitEvent): void {
  event.preventDefault();
  if (!(event.currentTarget instanceof HTMLFormElement)) return;
  const given = new FormData(event.currentTarget).get('token');
  if (typeof given === 'string' && given.trim() !== '') keepToken(given.trim());
}
