interface Timer {
  readonly at: number;
  readonly order: number;
  readonly call: () => void;
}

/**
 * Replaces timers and the monotonic clock: time goes from one timer straight to the next, so that a simulation of
 * minutes takes milliseconds and the same seed gives the same run. All promises settle before the next timer fires.
 */
export class VirtualTime {
  now = 0;
  readonly #timers = new Map<object, Timer>();
  readonly #immediate = globalThis.setImmediate;
  readonly #restore: (() => void)[] = [];
  #order = 0;

  static install(): VirtualTime {
    const time = new VirtualTime();
    time.#replace('setTimeout', (call: () => void, ms = 0) => time.#add(call, Math.max(1, ms)));
    time.#replace('setInterval', (call: () => void, ms = 0) => time.#every(call, Math.max(1, ms), {}));
    time.#replace('setImmediate', (call: () => void) => time.#add(call, 0));
    for (const name of ['clearTimeout', 'clearInterval', 'clearImmediate']) {
      time.#replace(name, (handle: object) => void time.#timers.delete(handle));
    }
    // An own property hides the prototype's method.
    performance.now = () => time.now;
    time.#restore.push(() => Reflect.deleteProperty(performance, 'now'));
    return time;
  }

  uninstall(): void {
    for (const restore of this.#restore.splice(0)) restore();
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets all promises settle that need no timer. */
  settle(): Promise<void> {
    return new Promise((resolve) => this.#immediate(resolve));
  }

  /** Fires the next timer. False if there is none. */
  async step(): Promise<boolean> {
    await this.settle();
    let next: [object, Timer] | null = null;
    for (const entry of this.#timers) {
      if (next === null || entry[1].at < next[1].at || (entry[1].at === next[1].at && entry[1].order < next[1].order)) next = entry;
    }
    if (next === null) return false;
    const [handle, timer] = next;
    this.#timers.delete(handle);
    this.now = Math.max(this.now, timer.at);
    timer.call();
    await this.settle();
    return true;
  }

  /** Runs until the condition holds. False if it does not within `ms` of virtual time, or if nothing is left to happen. */
  async until(condition: () => boolean, ms: number): Promise<boolean> {
    const end = this.now + ms;
    await this.settle();
    while (!condition()) {
      if (this.now > end || !(await this.step())) return condition();
    }
    return true;
  }

  /** Runs for so long. */
  async run(ms: number): Promise<void> {
    const end = this.#add(() => undefined, ms);
    while (this.#timers.has(end)) await this.step();
  }

  #add(call: () => void, ms: number): object {
    const handle = { unref: () => handle, ref: () => handle, hasRef: () => true };
    this.#timers.set(handle, { at: this.now + ms, order: this.#order++, call });
    return handle;
  }

  #every(call: () => void, ms: number, handle: object): object {
    const fire = (): void => {
      this.#every(call, ms, handle);
      call();
    };
    this.#timers.set(handle, { at: this.now + ms, order: this.#order++, call: fire });
    return handle;
  }

  #replace(name: string, value: unknown): void {
    const globals = globalThis as unknown as Record<string, unknown>;
    const original = globals[name];
    globals[name] = value;
    this.#restore.push(() => (globals[name] = original));
  }
}
