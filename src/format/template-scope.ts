import type { Event } from '../event.ts';
import type { ActivationBuilder } from '../expression/activation.ts';
import type { Activation, Values } from '../expression/expression.ts';

/** One event as the expressions of a hook's templates see it. Filled anew for each event. */
export class TemplateScope {
  readonly #builder: ActivationBuilder;
  #event: Event | null = null;
  #id = '';
  #lookups: Values | null = null;
  #activation: Activation | null = null;

  constructor(builder: ActivationBuilder) {
    this.#builder = builder;
  }

  /**
   * @param id the event's webhook-id for this hook
   * @param lookups what `enrich` found, by its names; null if the hook has none
   */
  enter(event: Event, id: string, lookups: Values | null): void {
    this.#event = event;
    this.#id = id;
    this.#lookups = lookups;
    this.#activation = null;
  }

  get event(): Event {
    if (this.#event === null) throw new Error('no event has been entered');
    return this.#event;
  }

  /** Made when the first expression asks for it: what is a column alone needs none. */
  get activation(): Activation {
    this.#activation ??= { ...this.#lookups, ...this.#builder.build(this.event, this.#id) };
    return this.#activation;
  }
}
