/**
 * Stands in an activation for a value that an expression may not have. It is thrown when the expression asks for it, so that
 * nothing of what follows is computed: what an expression does with a hidden value would tell of it.
 */
export class Withheld extends Error {
  /** What the expression gives instead; null: it fails. */
  readonly instead: string | null;

  private constructor(message: string, instead: string | null) {
    super(message);
    this.name = 'Withheld';
    this.instead = instead;
  }

  /** `redacted`: the table's text for hidden values. */
  static hidden(redacted: string): Withheld {
    return new Withheld('hidden', redacted);
  }

  /** `name`: `row.email`. */
  static notInWal(name: string): Withheld {
    return new Withheld(`the WAL does not carry ${name} (it does with REPLICA IDENTITY FULL)`, null);
  }
}
