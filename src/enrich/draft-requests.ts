import { DRAFT, NO_HEADERS, type RequestShape, UNRENDERED } from '../delivery.ts';
import type { Event, WatchedTable } from '../event.ts';
import { DraftWriter } from './draft.ts';

/** Makes a delivery of an event for a hook that looks something up: a draft, whose request is made when it is attempted. */
export interface DraftMaker {
  make(event: Event): { readonly request: RequestShape; readonly body: string };
  /** Of a dead letter. Drafts can always be made. */
  readonly unrendered: RequestShape;
}

/** The drafts of one hook, for one version of its table. */
export class DraftRequests {
  readonly #hook: string;
  readonly #writer: DraftWriter;

  constructor(hook: string, table: WatchedTable) {
    this.#hook = hook;
    this.#writer = new DraftWriter(table);
  }

  to(endpoint: { readonly name: string }): DraftMaker {
    const request: RequestShape = { hook: this.#hook, endpoint: endpoint.name, method: null, path: null, contentType: DRAFT, headers: NO_HEADERS };
    return {
      make: (event) => ({ request, body: this.#writer.write(event) }),
      unrendered: { ...request, contentType: UNRENDERED },
    };
  }
}
