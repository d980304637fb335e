import pg from 'pg';

/** What pg's protocol object offers and its types do not say. */
interface CopyConnection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** `copy … from stdin`, which pg can do only with help: it asks the query what to send. */
class CopyIn extends pg.Query {
  readonly #bytes: Buffer;

  constructor(sql: string, bytes: Buffer) {
    super({ text: sql });
    this.#bytes = bytes;
  }

  handleCopyInResponse(connection: CopyConnection): void {
    connection.sendCopyFromChunk(this.#bytes);
    connection.endCopyFrom();
  }
}

/** Runs `copy … from stdin` with these lines. */
export function copyIn(client: pg.Client, sql: string, lines: string): Promise<void> {
  const query = new CopyIn(sql, Buffer.from(lines));
  return new Promise((resolve, reject) => {
    query.once('end', () => resolve());
    query.once('error', reject);
    client.query(query);
  });
}
