import type { Change } from './change.ts';
import type { ChangeReport } from './traffic.ts';

/** A change that is kept in memory, whole: its tuples are copies, which stay as they are. */
export interface HeldChange {
  readonly report: ChangeReport;
  readonly change: Change;
}

/** Changes of late, for whoever wants to know what hooks make of them. */
export interface HeldChanges {
  /** The change at a place (`ChangeReport.place`); null: it is not in memory any more, or it was passed over. */
  heldChange(place: string): Change | null;
  /** The place of the change that a delivery was made of; null as above. @param id webhook-id */
  placeOf(id: string): string | null;
}
