import { Dispatcher, type DispatcherOptions } from './dispatcher.ts';
import type { Producer } from './engine/port.ts';
import { Forwarder, type ForwarderOptions } from './forwarder.ts';
import type { Outlet } from './outlet.ts';

export interface OutletOptions extends DispatcherOptions, Pick<ForwarderOptions, 'onBroken'> {
  /** Null: without `engine`. */
  readonly producer: Producer | null;
}

/** Where deliveries go: to the engine, if there is one, else to the endpoints. */
export function outletOf({ producer, ...options }: OutletOptions): Outlet {
  const { config } = options;
  if (producer === null || config.engine === null) return new Dispatcher(options);
  return new Forwarder({ ...options, producer, partitions: config.engine.kafka.partitions });
}
