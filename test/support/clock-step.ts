/**
 * Preloaded into daemons under test: SIGUSR2 puts the wall clock, `Date.now()` alone, a day ahead, SIGWINCH a day back.
 * The monotonic clock and all timers go on as they are.
 */
const DAY = 86_400_000;

const now = Date.now.bind(Date);
let shift = 0;
Date.now = () => now() + shift;
process.on('SIGUSR2', () => (shift += DAY));
process.on('SIGWINCH', () => (shift -= DAY));
