import type { Lsn } from '../lsn.ts';

/** What the server says of the WAL that it keeps for the slot, at one moment. */
export interface WalSample {
  /** Monotonic milliseconds. */
  readonly at: number;
  /** `reserved`, `extended`, `unreserved` or `lost`; null where Postgres does not say. */
  readonly walStatus: string | null;
  /** Bytes of WAL that may still be written before the slot may be lost; null: no limit, or lost. */
  readonly safeBytes: number | null;
  /** Bytes of WAL that are kept for the slot; null if it is lost. */
  readonly retainedBytes: number | null;
  /** max_slot_wal_keep_size in bytes; null: no limit. */
  readonly limitBytes: number | null;
  /** The end of the WAL. */
  readonly written: Lsn;
}

/** What follows from some samples. */
export interface WalForecast {
  /** WAL that the server writes, in bytes a second; null while it is not known. */
  readonly bytesPerSecond: number | null;
  /**
   * Seconds until the slot may be lost if things go on as they do; null if they do not get worse, or there is no limit,
   * or it is not known yet.
   */
  readonly secondsLeft: number | null;
}

/** How far back it looks, in milliseconds: a slot's restart_lsn advances in leaps, some of which are minutes apart. */
export const WINDOW = 600_000;
/** A forecast from less than this would be noise, in milliseconds. */
const SHORTEST = 20_000;
/** The part of max_slot_wal_keep_size that is worth a warning when no more than it is left. */
const SMALL_PART = 0.2;
/** A warning is over when so much more time is left than it takes to begin one. */
const RELIEF = 1.5;

/** @param samples in the order of their time. */
export function forecast(samples: readonly WalSample[]): WalForecast {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return { bytesPerSecond: null, secondsLeft: null };
  if (last.walStatus === 'lost' || (last.safeBytes !== null && last.safeBytes <= 0)) return { bytesPerSecond: rate(first, last), secondsLeft: 0 };
  // A limit that was altered is no news of how much is written.
  const since = samples.find((sample) => sample.safeBytes !== null && sample.limitBytes === last.limitBytes);
  return { bytesPerSecond: rate(first, last), secondsLeft: since === undefined ? null : secondsLeft(since, last) };
}

function rate(first: WalSample, last: WalSample): number | null {
  const ms = last.at - first.at;
  return ms < SHORTEST ? null : Math.max(0, (Number(last.written - first.written) * 1000) / ms);
}

/** By what was used up, not by what was written: a slot that is being read gives WAL back as well. */
function secondsLeft(first: WalSample, last: WalSample): number | null {
  const ms = last.at - first.at;
  if (ms < SHORTEST || first.safeBytes === null || last.safeBytes === null) return null;
  const used = first.safeBytes - last.safeBytes;
  return used <= 0 ? null : (last.safeBytes * ms) / (used * 1000);
}

/**
 * Why someone should look after the slot's WAL now, in a sentence; null if nobody need.
 * @param within milliseconds: told when WAL runs out sooner than this
 * @param warned it was told before, and is over only when there is clearly more room again
 */
export function walWarning(sample: WalSample, { secondsLeft: left }: WalForecast, { within, warned }: { readonly within: number; readonly warned: boolean }): string | null {
  const { walStatus, safeBytes, limitBytes } = sample;
  const relief = warned ? RELIEF : 1;
  if (walStatus === 'lost') return 'the slot is lost: WAL that it needs was removed';
  if (walStatus === 'unreserved') return 'the slot is further behind than max_slot_wal_keep_size allows: the next checkpoint of the server may remove WAL that it needs';
  if (left !== null && left * 1000 < within * relief) return `at the present rate the slot is lost in ${Math.round(left)} s`;
  if (safeBytes !== null && limitBytes !== null && safeBytes < limitBytes * SMALL_PART * relief) {
    return `only ${safeBytes} of the ${limitBytes} bytes of max_slot_wal_keep_size are left`;
  }
  return null;
}
