import { kafkaDistribution } from '../../test/support/kafka/distribution.ts';
import { KafkaBroker } from '../../test/support/kafka/broker.ts';

/** As one that lives for long: with both compilers, and memory for what is on its way. */
const JAVA = ['-XX:TieredStopAtLevel=4', '-Xmx1g'];

/** A broker of the suite's own: one process, one copy of each record. */
export class Kafka {
  /** Null if there is no Kafka here, and no way to get it: says why. */
  static async start(): Promise<Kafka | null> {
    try {
      await kafkaDistribution();
    } catch (error) {
      process.stderr.write(`no Kafka: ${error instanceof Error ? error.message : String(error)}\n`);
      return null;
    }
    return new Kafka(await KafkaBroker.start({ java: JAVA }));
  }

  readonly #broker: KafkaBroker;
  #names = 0;

  private constructor(broker: KafkaBroker) {
    this.#broker = broker;
  }

  get brokers(): readonly string[] {
    return this.#broker.brokers;
  }

  get pid(): number {
    return this.#broker.pid;
  }

  /** A name that no topic and no group has. */
  name(): string {
    return `bench-${++this.#names}`;
  }

  close(): Promise<void> {
    return this.#broker.stop();
  }
}
