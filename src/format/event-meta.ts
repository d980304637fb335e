import { commitTimestamp, type Relation, shownLsn } from '../change.ts';
import type { MetaField } from '../config.ts';
import type { Event } from '../event.ts';
import { type JsonOutput, type Piece, piece } from '../json-output.ts';
import { formatLsn } from '../lsn.ts';

const BACKFILL = piece(',"backfill":true');
const NO_BACKFILL = piece(',"backfill":false');

/** Writes a hook's extra `meta`, each with a comma before it. */
export class EventMeta {
  /** What is the same for all events, as it stands; the others by name. */
  readonly #fields: readonly (Piece | MetaField)[];

  constructor(fields: readonly MetaField[], relation: Relation) {
    this.#fields = fields.map((name) => constantOf(name, relation) ?? name);
  }

  /** @param id the event's webhook-id @param changedNames writes the names of the columns that changed, or null */
  write(event: Event, id: string, out: JsonOutput, changedNames: () => void): void {
    const { transaction } = event.change;
    for (const field of this.#fields) {
      if (typeof field !== 'string') out.piece(field);
      else if (field === 'lsn') out.string(`,"lsn":"${formatLsn(shownLsn(transaction))}"`);
      else if (field === 'xid') out.string(`,"xid":${transaction.xid}`);
      else if (field === 'committed_at') out.string(`,"committed_at":"${commitTimestamp(transaction)}"`);
      else if (field === 'id') out.string(`,"id":${JSON.stringify(id)}`);
      else if (field === 'changed') changedNames();
      else if (field === 'backfill') out.piece(event.isBackfill ? BACKFILL : NO_BACKFILL);
    }
  }
}

function constantOf(name: MetaField, { schema, table }: Relation): Piece | null {
  switch (name) {
    case 'table':
      return piece(`,"table":${JSON.stringify(table)}`);
    case 'schema':
      return piece(`,"schema":${JSON.stringify(schema)}`);
    default:
      return null;
  }
}
