import type { EndpointConfig } from '../config.ts';
import type { Delivery } from '../delivery.ts';
import type { Outcome } from '../outcome.ts';

/** Makes `webhook-signature`; see format/signature.ts. */
export type Sign = (id: string, timestamp: number, body: string) => string;

export interface SenderOptions {
  /** null: requests are not signed. */
  readonly sign: Sign | null;
  /** `walhook/<version> (+https://…)`. */
  readonly userAgent: string;
}

/** Makes HTTP attempts at one endpoint. */
export class Sender {
  constructor(endpoint: EndpointConfig, options: SenderOptions) {
    void endpoint;
    void options;
  }

  /** One HTTP attempt. Never throws: `done` is called exactly once, never within the call. */
  readonly attempt = (delivery: Delivery, done: (outcome: Outcome) => void): void => {
    void delivery;
    void done;
  };

  /** Lets what is in flight finish, then closes the connections. */
  async close(): Promise<void> {}

  /** Gives up what is in flight at once: each attempt ends as failed. */
  async abort(): Promise<void> {}
}
