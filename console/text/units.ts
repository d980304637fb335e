const GROUPED = new Intl.NumberFormat('en-US');
const DECIMAL = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

/** `1,204`; an en dash for null. */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : GROUPED.format(Math.round(value));
}

/** `1 delivery`, `1,204 deliveries`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

const SIZES = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `512 B`, `4.2 MB`. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  let size = value;
  let unit = 0;
  while (size >= 999.5 && unit < SIZES.length - 1) {
    size /= 1_000;
    unit++;
  }
  return `${size < 10 && unit > 0 ? DECIMAL.format(size) : count(size)} ${SIZES[unit] ?? 'TB'}`;
}

/** Of milliseconds: `180 ms`, `4.2 s`, `3 min`, `2 h 5 min`, `3 d`. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  if (ms < 1_000) return `${count(ms)} ms`;
  if (ms < 9_950) return `${DECIMAL.format(ms / 1_000)} s`;
  return span(ms / 1_000);
}

/** Of seconds, none smaller: `12 s`, `3 min`, `2 h 5 min`. */
export function span(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 || hours >= 10 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d`;
}

/** `just now`, `12 s ago`, `in 5 min`. */
export function relative(time: number, now: number): string {
  const seconds = (time - now) / 1_000;
  if (Math.abs(seconds) < 1) return 'just now';
  return seconds < 0 ? `${span(-seconds)} ago` : `in ${span(seconds)}`;
}
