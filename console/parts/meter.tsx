import type { VNode } from 'preact';

interface MeterProps {
  readonly value: number;
  readonly most: number;
  readonly label: string;
  readonly tone?: 'ok' | 'waiting' | 'failing';
}

/** How much of something is used or done. */
export function Meter({ value, most, label, tone = 'ok' }: MeterProps): VNode {
  const share = most <= 0 ? 0 : Math.min(1, value / most);
  return (
    <svg class={`meter ${tone}`} viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label={label}>
      <title>{label}</title>
      <rect class="whole" width="100" height="4" />
      <rect class="part" width={share * 100} height="4" />
    </svg>
  );
}
