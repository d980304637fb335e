import type { Logger } from 'pino';
import type { Config, EndpointConfig } from './config.ts';
import type { Delivery } from './delivery.ts';
import { type EndpointSender, openSender } from './endpoint-sender.ts';
import { onItsOwn } from './format/joined.ts';
import { constantRecordPath } from './format/record-request.ts';
import { Signer } from './format/signature.ts';
import type { Notice } from './notice.ts';
import { type NoticeAttempt, Notifier } from './observe/notifier.ts';
import { PRODUCE } from './record-path.ts';

/** Tells the endpoints of `notify` what happens to walhook itself. */
export class Notices {
  readonly #senders: readonly EndpointSender[];
  readonly #notifier: Notifier;

  constructor({ config, log, userAgent }: { readonly config: Config; readonly log: Logger; readonly userAgent: string }) {
    const told = config.endpoints.filter(({ name }) => config.notify.to.includes(name));
    const senders = told.map((endpoint) => ({ endpoint, sender: senderOf(endpoint, userAgent) }));
    const attempts = senders.map(({ endpoint, sender }): [string, NoticeAttempt] => [endpoint.name, (delivery, done) => sender.attempt(noticeFor(endpoint, delivery), done)]);
    this.#senders = senders.map(({ sender }) => sender);
    this.#notifier = new Notifier({ to: new Map(attempts), log });
  }

  tell(notice: Notice): void {
    this.#notifier.tell(notice);
  }

  async stop(): Promise<void> {
    this.#notifier.close();
    await Promise.all(this.#senders.map((sender) => sender.abort()));
  }
}

/** The configuration sees to it that a Kafka endpoint which is told has one topic. */
function noticeFor(endpoint: EndpointConfig, delivery: Delivery): Delivery {
  if (endpoint.kafka === null) return onItsOwn(delivery, endpoint);
  return { ...delivery, request: { ...delivery.request, method: PRODUCE, path: constantRecordPath(endpoint.kafka) } };
}

function senderOf(endpoint: EndpointConfig, userAgent: string): EndpointSender {
  const signer = endpoint.signing === null ? null : new Signer(endpoint.signing.secrets);
  return openSender(endpoint, { userAgent, sign: signer === null ? null : (id, timestamp, body) => signer.sign(id, timestamp, body) });
}
