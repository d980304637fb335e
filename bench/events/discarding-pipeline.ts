import type pg from 'pg';
import { StreamWindows } from '../../src/backfill/stream-windows.ts';
import { Tracker } from '../../src/checkpoint/tracker.ts';
import type { Config } from '../../src/config.ts';
import { ConfiguredTables } from '../../src/configured-tables.ts';
import { CatalogCodecs } from '../../src/decode/codecs.ts';
import { TypeCatalog } from '../../src/decode/type-catalog.ts';
import { NO_LSN } from '../../src/lsn.ts';
import type { DeliveryQueue } from '../../src/hook-routes.ts';
import { Pipeline } from '../../src/pipeline.ts';
import { START } from '../../src/position.ts';

/** What was built. */
export interface Built {
  deliveries: number;
  /** Of all bodies. */
  characters: number;
}

/** walhook's pipeline, whose queues count what they are offered and throw it away. Tables have the primary key `user_id`. */
export function discardingPipeline(config: Config, client: pg.Client): { pipeline: Pipeline; built: Built } {
  const built: Built = { deliveries: 0, characters: 0 };
  const catalog = new TypeCatalog(async (sql, params) => (await client.query(sql, [...params])).rows);
  const tracker = new Tracker(START);
  const queue: DeliveryQueue = {
    offer: ({ body }) => {
      built.deliveries++;
      built.characters += body.length;
      tracker.settle(tracker.take());
    },
    bury: (_delivery, { message }) => {
      throw new Error(message);
    },
  };
  const pipeline = new Pipeline({
    config,
    tables: new ConfiguredTables({ config, found: [], since: NO_LSN, onRenamed: () => undefined }),
    systemId: '1',
    origin: { database: 'bench', slot: 'bench' },
    timelineAt: () => 1,
    codecs: new CatalogCodecs(catalog),
    describe: async ({ columns }) => {
      await catalog.load(columns.map((column) => column.typeOid));
      return { primaryKey: ['user_id'], columns: columns.map((column) => column.name) };
    },
    queues: new Map(config.endpoints.map(({ name }) => [name, queue])),
    hold: () => undefined,
    tracker,
    windows: new StreamWindows(),
    start: START,
    onChange: null,
    onProgress: () => undefined,
  });
  return { pipeline, built };
}
