import type { VNode } from 'preact';
import type { Resource } from '../api/resource.ts';
import { Raw } from './raw.tsx';
import { State } from './state.tsx';
import { Time } from './time.tsx';

/** What is to be said of something that is not there yet, failed, or is old. Nothing, where all is as it should be. */
export function Waiting({ of: { data, error, stale, at }, what }: { readonly of: Resource<unknown>; readonly what: string }): VNode | null {
  if (error !== null && error.status !== 401 && error.status !== 0) {
    return (
      <div class="note failing" role="alert">
        <State tone="failing">
          <Raw text={error.message} />
        </State>
        {error.hint === null ? null : (
          <p class="faint">
            <Raw text={error.hint} most={2_000} />
          </p>
        )}
        {data === null ? null : (
          <p class="faint">
            Shown is what there was <Time at={at} />.
          </p>
        )}
      </div>
    );
  }
  if (data === null) return <p class="faint loading">Reading {what} …</p>;
  return stale && error !== null ? (
    <p class="faint">
      As it was <Time at={at} />.
    </p>
  ) : null;
}
