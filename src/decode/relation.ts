import type { Column, Relation, ReplicaIdentity } from '../change.ts';

/** Part of the replica identity. */
const IDENTITY_FLAG = 1;

/**
 * Reads a Relation message (its tag included).
 * https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html#PROTOCOL-LOGICALREP-MESSAGE-FORMATS-RELATION
 */
export function readRelation(bytes: Buffer): Relation {
  let at = 1;
  const text = (): string => {
    const end = bytes.indexOf(0, at);
    const value = bytes.toString('utf8', at, end);
    at = end + 1;
    return value;
  };
  const oid = bytes.readUInt32BE(at);
  at += 4;
  // An empty namespace stands for pg_catalog.
  const schema = text() || 'pg_catalog';
  const table = text();
  const replicaIdentity = String.fromCharCode(bytes.readUInt8(at)) as ReplicaIdentity;
  const count = bytes.readUInt16BE(at + 1);
  at += 3;
  const columns: Column[] = [];
  for (let i = 0; i < count; i++) {
    const flags = bytes.readUInt8(at);
    at += 1;
    const name = text();
    columns.push({
      name,
      typeOid: bytes.readUInt32BE(at),
      typmod: bytes.readInt32BE(at + 4),
      identity: (flags & IDENTITY_FLAG) !== 0,
    });
    at += 8;
  }
  return { oid, schema, table, replicaIdentity, columns };
}

/** True if two relations look the same, so that plans compiled for one serve the other. */
export function sameShape(a: Relation, b: Relation): boolean {
  return (
    a.schema === b.schema &&
    a.table === b.table &&
    a.replicaIdentity === b.replicaIdentity &&
    a.columns.length === b.columns.length &&
    a.columns.every((column, i) => {
      const other = b.columns[i];
      return (
        other !== undefined &&
        column.name === other.name &&
        column.typeOid === other.typeOid &&
        column.typmod === other.typmod &&
        column.identity === other.identity
      );
    })
  );
}
