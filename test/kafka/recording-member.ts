import type { Assignment, Member } from '../../src/engine/port.ts';

export interface MemberBehaviour {
  /** What it does before it lets go. Default: commits what it has read. */
  readonly release?: (assignment: Assignment) => Promise<void>;
  /** Whether it reads at once. Default: true. */
  readonly reads?: boolean;
}

/** A member of a group that writes down what it is told, and what it reads. */
export class RecordingMember implements Member {
  /** `assigned 0,1`, `revoked`, `lost`, in order. */
  readonly told: string[] = [];
  /** Values by partition, as they came. */
  readonly values = new Map<number, string[]>();
  readonly #behaviour: MemberBehaviour;
  #assignment: Assignment | null = null;
  #next: bigint[] = [];
  #changed = Promise.withResolvers<void>();

  constructor(behaviour: MemberBehaviour = {}) {
    this.#behaviour = behaviour;
  }

  get assignment(): Assignment {
    if (this.#assignment === null) throw new Error('it has been assigned nothing');
    return this.#assignment;
  }

  get partitions(): number[] {
    return this.assignment.parts.map(({ partition }) => partition).toSorted((a, b) => a - b);
  }

  /** Values read, of all partitions. */
  get count(): number {
    return [...this.values.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** The offsets that are next, of what it read. */
  get next(): bigint[] {
    return [...this.#next];
  }

  /** Resolves as soon as it is so: looked at whenever something happens to this member. */
  async until(so: (member: this) => boolean): Promise<void> {
    while (!so(this)) await this.#changed.promise;
  }

  commit(): Promise<void> {
    return this.assignment.commit(this.#next);
  }

  assigned(assignment: Assignment): Promise<void> {
    this.#assignment = assignment;
    this.#next = [...assignment.start];
    this.#tell(`assigned ${this.partitions.join(',')}`);
    if (this.#behaviour.reads !== false) this.read();
    return Promise.resolve();
  }

  read(): void {
    this.assignment.read((part, records, next) => {
      const partition = this.assignment.parts[part]?.partition ?? -1;
      const values = this.values.get(partition) ?? [];
      values.push(...records.map(({ value }) => String(value)));
      this.values.set(partition, values);
      this.#next[part] = next;
      this.#happened();
    });
  }

  async revoked(): Promise<void> {
    this.#tell('revoked');
    await (this.#behaviour.release ?? (() => this.commit()))(this.assignment);
  }

  lost(): Promise<void> {
    this.#tell('lost');
    return Promise.resolve();
  }

  #tell(what: string): void {
    this.told.push(what);
    this.#happened();
  }

  #happened(): void {
    const changed = this.#changed;
    this.#changed = Promise.withResolvers();
    changed.resolve();
  }
}
