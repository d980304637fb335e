import type { VNode } from 'preact';
import { now } from '../place/now.ts';
import { useStore } from '../place/store.ts';
import { relative } from '../text/units.ts';

const LOCAL = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' });

/** A moment, as how long ago it was or how soon it will be; the exact time on hover. */
export function Time({ at }: { readonly at: string | number | null | undefined }): VNode {
  const current = useStore(now);
  if (at === null || at === undefined) return <span class="faint">–</span>;
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return <span>{at}</span>;
  return (
    <time dateTime={time.toISOString()} title={`${time.toISOString()}\n${LOCAL.format(time)} here`}>
      {relative(time.getTime(), current)}
    </time>
  );
}

function pad(value: number, length = 2): string {
  return String(value).padStart(length, '0');
}

/** `14:05:09.120`: for what happens now, where the order counts. */
export function ClockTime({ at }: { readonly at: string }): VNode {
  const time = new Date(at);
  return (
    <time class="nowrap" dateTime={at} title={at}>
      {pad(time.getHours())}:{pad(time.getMinutes())}:{pad(time.getSeconds())}
      <span class="faint">.{pad(time.getMilliseconds(), 3)}</span>
    </time>
  );
}
