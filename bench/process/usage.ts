import { readFileSync } from 'node:fs';

/** What Linux tells of a process in /proc. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */

/** The kernel counts CPU time in hundredths of a second, whatever its own clock. */
const TICK_MS = 10;

/** Milliseconds of CPU that all threads of a process have taken, in user mode and in the kernel. */
export function cpuTime(pid: number): number {
  return timeIn(`/proc/${pid}/stat`);
}

/** The same of its main thread alone. */
export function mainThreadTime(pid: number): number {
  return timeIn(`/proc/${pid}/task/${pid}/stat`);
}

function timeIn(file: string): number {
  // The name of the program is in brackets, and may have spaces.
  const fields = readFileSync(file, 'utf8').replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Megabytes (10^6 bytes) that a process has resident now, and at most had so far. */
export function memory(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (field: string): number => (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) * 1024) / 1e6;
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') };
}
