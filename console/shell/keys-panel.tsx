import type { VNode } from 'preact';
import { KEYS, keysShown } from '../place/keys.ts';
import { useStore } from '../place/store.ts';

export function KeysPanel(): VNode | null {
  if (!useStore(keysShown)) return null;
  return (
    <section class="keys" aria-label="keys">
      <h2>Keys</h2>
      <dl>
        {KEYS.map(([key, meaning]) => (
          <div>
            <dt>
              {key.split(/\s+/).map((one) => (
                <kbd>{one}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
