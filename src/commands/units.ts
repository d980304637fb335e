const SIZES = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `16 MiB`, `1.5 GiB`, `12 bytes`. */
export function humanBytes(bytes: number): string {
  const step = Math.min(SIZES.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${upToOneDigit(bytes / 1024 ** step)} ${SIZES[step]}`;
}

/** `35 ms`, `1.4 s`, `3 min`, `5.2 h`, `2 days`. */
export function humanDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${upToOneDigit(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 86_400_000) return `${upToOneDigit(ms / 3_600_000)} h`;
  const days = Math.round(ms / 86_400_000);
  return days === 1 ? '1 day' : `${days} days`;
}

/** `1,234,567`. */
export function humanCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** `1 delivery`, `3 deliveries`. */
export function countOf(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function upToOneDigit(value: number): string {
  return value < 10 ? String(Number(value.toFixed(1))) : String(Math.round(value));
}
