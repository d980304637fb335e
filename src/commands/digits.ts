/** A number as it was written: a double would round some. */
export class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a JSON text holds, with Digits in place of numbers. Throws a SyntaxError for what is no JSON. */
export function parseDigits(json: string): unknown {
  // The third argument is not in TypeScript's library yet: https://github.com/tc39/proposal-json-parse-with-source
  return JSON.parse(json, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' ? new Digits(context?.source ?? String(value)) : value,
  );
}
