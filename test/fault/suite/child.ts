import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PRELOAD = new URL('../../support/die-with-parent.ts', import.meta.url).href;

/** A helper process of the suite. It asks and tells over IPC, and is gone when we are. */
export class Child<Ask extends { readonly kind: string }> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }>();
  #asked = 0;
  #stopping = false;

  /** `onTell` gets what it tells unasked. */
  constructor(module: string, args: readonly string[], onTell: (message: unknown) => void) {
    this.#child = fork(fileURLToPath(new URL(module, import.meta.url)), [...args], { execArgv: ['--import', PRELOAD], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (message: { readonly answer?: number; readonly value?: unknown; readonly error?: string }) => {
      if (message.answer === undefined) return onTell(message);
      const waiting = this.#waiting.get(message.answer);
      this.#waiting.delete(message.answer);
      if (message.error === undefined) waiting?.resolve(message.value);
      else waiting?.reject(new Error(`${module}: ${message.error}`));
    });
    this.#child.once('exit', (code, signal) => {
      if (!this.#stopping) console.error(`${module} has ended by itself: ${code ?? signal}`);
      for (const { reject } of this.#waiting.values()) reject(new Error(`${module} has ended`));
      this.#waiting.clear();
    });
  }

  /** Resolves with its answer; rejects with its error. */
  ask<Answer>(message: Ask): Promise<Answer> {
    const ask = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(ask, { resolve: (value) => resolve(value as Answer), reject });
      this.#child.send({ ask, message });
    });
  }

  /** Ends it at once. */
  stop(): void {
    this.#stopping = true;
    this.#child.kill('SIGKILL');
  }
}

/** The other side: answers what the parent asks. */
export function answerParent(handle: (message: unknown) => unknown): void {
  process.on('message', ({ ask, message }: { readonly ask: number; readonly message: unknown }) => {
    Promise.resolve()
      .then(() => handle(message))
      .then(
        (value) => process.send?.({ answer: ask, value }),
        (error: unknown) => process.send?.({ answer: ask, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      );
  });
}

/** The parent listens to it: keeps the process alive, other than the preload alone would. */
export function stayAlive(): void {
  process.channel?.ref();
}

/** Milliseconds of a clock that never steps and is the same in every process of this machine. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
