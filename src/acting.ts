import type { Delivered, HookLane } from './kept-attempts.ts';
import type { Outlet } from './outlet.ts';
import type { Rotating } from './rotating.ts';
import type { StoredDeliveries } from './store/stored-deliveries.ts';

/** A daemon that runs, as people's operations need it: what is stored, what arrived, and who sends. */
export interface Acting {
  readonly stored: StoredDeliveries;
  readonly engine: Pick<Outlet, 'pause' | 'resume' | 'refresh' | 'detail' | 'probe' | 'status'>;
  /** Who signs with what. */
  readonly rotating: Rotating;
  /** What arrived of late; null where nothing of it is kept. */
  readonly delivered: Delivered | null;
  readonly lanes: (table: string, key: Readonly<Record<string, string>>) => Promise<readonly HookLane[]>;
}
