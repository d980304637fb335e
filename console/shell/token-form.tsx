import type { VNode } from 'preact';
import { keepToken, token } from '../api/token.ts';

/** Asks for `server.token`: the API wants one. */
export function TokenForm(): VNode {
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
      {token() === null ? null : <p class="faint">The one that was given is wrong.</p>}
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
