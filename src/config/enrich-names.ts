/** Names that expressions know already, or that CEL keeps for itself. */
const TAKEN = new Map<string, string>([
  ...list('a variable of every expression', 'row old changed event'),
  // https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
  ...list('a word of CEL', 'true false null in as break const continue else for function if import let loop package namespace return var void while'),
  ...list('a word of CEL', 'int uint double bool string bytes list map type null_type dyn timestamp duration optional google cel math strings'),
  ...list('a function of CEL', 'has all exists exists_one filter size matches contains startsWith endsWith'),
  // A test holds these against the table of helper functions.
  ...list('a function of walhook', 'format iso unix unix_ms lower upper trim replace split join default json base64 url_encode sha256 sha1 md5'),
]);

function list(what: string, words: string): [string, string][] {
  return words.split(' ').map((word) => [word, what]);
}

/** A name under `enrich`, by which expressions know what was looked up. */
export function enrichNameFault(name: string): string | null {
  if (!/^[A-Za-z_]\w{0,62}$/.test(name)) return 'a name here is letters, digits and _, and does not start with a digit: expressions use it';
  const taken = TAKEN.get(name);
  return taken === undefined ? null : `this name is ${taken}: take another one`;
}
