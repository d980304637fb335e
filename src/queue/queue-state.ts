import type { Delivery } from '../delivery.ts';
import type { Notice } from '../notice.ts';
import type { Outcome } from '../outcome.ts';
import type { Condition, Failure } from './port.ts';

/** What an endpoint's queue tells of itself. */
export interface QueueEvents {
  /** The queue closes, and so many attempts that have not ended are waited for no longer: their deliveries are parked, and may arrive twice. */
  readonly onGivenUp: (endpoint: string, attempts: number) => void;
  /** `attempts`: made so far, this one included. */
  readonly onOutcome: (delivery: Delivery, outcome: Outcome, fate: 'delivered' | 'parked' | 'dead', attempts: number) => void;
  /** The hook's cooldown left it out. */
  readonly onSkipped: (delivery: Delivery) => void;
  /** A delivery that can never be sent became a dead letter. */
  readonly onBuried: (delivery: Delivery, failure: Failure) => void;
  readonly onNotice: (notice: Notice) => void;
  /** Some of what is parked cannot be read back, such as a row that was changed in the database, and those of its lanes wait. Each error is told once; null: all can be read again. */
  readonly onUnreadable: (endpoint: string, error: Error | null) => void;
  readonly onOverflow: (endpoint: string) => void;
  readonly onCaughtUp: (endpoint: string) => void;
  /** It has plenty to send for the moment, so that reading may rest, until `onMore`. */
  readonly onEnough: (endpoint: string) => void;
  readonly onMore: (endpoint: string) => void;
}

/** See EndpointQueue. */
export type Mode = 'direct' | 'storing' | 'holding';

/** What a queue tells of itself, for status. */
export interface QueueState {
  /** Deliveries in memory. */
  readonly queued: number;
  /** Requests under way. */
  readonly inUse: number;
  /** Lanes that wait behind something stored. */
  readonly blocked: number;
  readonly mode: Mode;
  readonly condition: Condition;
  /** It gets less than it may, because it said that it gets too much. */
  readonly slowed: boolean;
}
