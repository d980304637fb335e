import type { DaemonStatus } from '../daemon-status.ts';
import type { SlotReport } from '../inspection.ts';

export function slotReport({ slot, state, received, confirmed, behind, wal }: DaemonStatus): SlotReport {
  return { name: slot, state, received, confirmed, behind, wal };
}
