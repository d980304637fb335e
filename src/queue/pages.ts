import type { ParkingStore, Stored } from './port.ts';
import { type ReadPage, Unreadable } from './unreadable.ts';

export interface Page {
  readonly rows: readonly Stored[];
  /** False if there may be more. */
  readonly isAll: boolean;
}

export interface PagesOptions {
  readonly endpoint: string;
  readonly store: Pick<ParkingStore, 'page'>;
  /** Rows in a page at most, and after how many bytes of theirs it ends. */
  readonly limit: number;
  readonly bytes: number;
  /** See Unreadable. */
  readonly onUnreadable: (error: Error | null) => void;
}

/** Reads an endpoint's parked deliveries page by page, and tells of what it cannot read. */
export class Pages {
  readonly #options: PagesOptions;
  readonly #unreadable: Unreadable;

  constructor(options: PagesOptions) {
    this.#options = options;
    this.#unreadable = new Unreadable(options.onUnreadable);
  }

  /** @throws what the store throws */
  async read(page: ReadPage): Promise<Page> {
    const { limit, bytes } = this.#options;
    const rows = await this.#rows(page);
    const read = rows.reduce((sum, { delivery }) => sum + delivery.bytes, 0);
    const isAll = rows.length < limit && read < bytes;
    this.#unreadable.read(page, isAll);
    return { rows, isAll };
  }

  async #rows(page: ReadPage): Promise<readonly Stored[]> {
    const { endpoint, store, limit, bytes } = this.#options;
    try {
      return await store.page({ ...page, endpoint, limit, bytes });
    } catch (error) {
      this.#unreadable.failed(page, error);
      throw error;
    }
  }
}
