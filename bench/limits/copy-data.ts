const MESSAGE_HEADER = 5;
/** `w`, and where the data starts, where the WAL ends, and the time. */
const XLOG_DATA = 25;

const COPY_DATA = 0x64;
const ERROR = 0x45;
const XLOG = 0x77;
const INSERT = 0x49;
const UPDATE = 0x55;
const DELETE = 0x44;
const NOTHING = Buffer.alloc(0);

/**
 * Walks over what a walsender sends, and looks at nothing but lengths and the tag of each message: what any reader must do
 * at least.
 * https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-XLOGDATA
 */
export class CopyData {
  readonly #onRow: (bytes: Buffer, at: number) => void;
  #rest: Buffer = NOTHING;

  /** `onRow` is told of each insert, update and delete: where its pgoutput message begins. */
  constructor(onRow: (bytes: Buffer, at: number) => void) {
    this.#onRow = onRow;
  }

  /** Throws if the server refuses what it was asked for. */
  take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at + MESSAGE_HEADER <= bytes.length) {
      const end = at + 1 + bytes.readInt32BE(at + 1);
      if (end > bytes.length) break;
      const tag = bytes[at];
      if (tag === ERROR) throw new Error(`the walsender says: ${bytes.toString('utf8', at + MESSAGE_HEADER, end).replaceAll('\0', ' ')}`);
      if (tag === COPY_DATA && bytes[at + MESSAGE_HEADER] === XLOG) this.#look(bytes, at + MESSAGE_HEADER + XLOG_DATA);
      at = end;
    }
    this.#rest = at === bytes.length ? NOTHING : bytes.subarray(at);
  }

  #look(bytes: Buffer, at: number): void {
    const tag = bytes[at];
    if (tag === INSERT || tag === UPDATE || tag === DELETE) this.#onRow(bytes, at);
  }
}

/**
 * The text of a column of an Insert message: `I`, the relation, `N`, how many columns, and each with its kind.
 * https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 */
export function insertedText(bytes: Buffer, at: number, column: number): string {
  let field = at + 8;
  for (let before = 0; before < column; before++) field += bytes[field] === 0x74 ? 5 + bytes.readInt32BE(field + 1) : 1;
  const length = bytes.readInt32BE(field + 1);
  return bytes.latin1Slice(field + 5, field + 5 + length);
}
