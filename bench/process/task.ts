import { fork } from 'node:child_process';

/** Work in a process of its own. */
export interface Task<Answer> {
  /** Resolves once the work has said that it is ready. */
  readonly ready: Promise<void>;
  readonly answer: Promise<Answer>;
  /** Ends it at once if it has not ended. */
  close(): Promise<void>;
}

type Message = { readonly kind: 'ready' } | { readonly kind: 'answer'; readonly answer: unknown } | { readonly kind: 'failure'; readonly reason: string };

/** Runs a module that calls `perform`, and hands it `input`, which must be plain data. */
export function ask<Answer>(module: URL, input: unknown): Task<Answer> {
  const child = fork(module, { serialization: 'advanced' });
  const ready = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Answer>();
  const gone = Promise.withResolvers<void>();
  const fail = (reason: string): void => {
    ready.reject(new Error(reason));
    answer.reject(new Error(reason));
  };
  child.on('message', (message: Message) => {
    if (message.kind === 'ready') ready.resolve();
    else if (message.kind === 'answer') answer.resolve(message.answer as Answer);
    else fail(message.reason);
  });
  child.once('exit', (code, signal) => {
    fail(`${module.pathname} ended (${signal ?? String(code)}) before it had an answer`);
    gone.resolve();
  });
  // Who waits for one of the two need not wait for the other.
  ready.promise.catch(() => undefined);
  answer.promise.catch(() => undefined);
  child.send({ input });
  return {
    ready: ready.promise,
    answer: answer.promise,
    async close() {
      child.kill('SIGKILL');
      await gone.promise;
    },
  };
}

/** Takes what it was asked, and a function to call when it is ready, if anyone waits for that. */
export type Work<Input, Answer> = (input: Input, ready: () => void) => Promise<Answer>;

/** In the process of its own: does the work that was asked for, and ends. */
export function perform<Input, Answer>(work: Work<Input, Answer>): void {
  // Ctrl-C is for the suite, which ends us.
  process.on('SIGINT', () => undefined);
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.once('message', ({ input }: { input: Input }) => {
    work(input, tellReady)
      .then((answer) => tell({ kind: 'answer', answer }))
      .catch((error: unknown) => tell({ kind: 'failure', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) }));
  });
}

function tellReady(): void {
  tell({ kind: 'ready' });
}

function tell(message: Message): void {
  process.send?.(message, undefined, undefined, () => {
    if (message.kind !== 'ready') process.kill(process.pid, 'SIGKILL');
  });
}
