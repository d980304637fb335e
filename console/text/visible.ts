/** A stretch of text, or the name of a character that would not show, or would change how others show. */
export interface Piece {
  readonly text: string;
  readonly hidden: boolean;
}

/**
 * Controls but line break and tab; marks that turn the direction, join or have no width: https://www.unicode.org/reports/tr9/#Directional_Formatting_Codes,
 * https://trojansource.codes
 */
const HIDDEN = /[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\p{Cs}]/gu;
const HARMLESS = new Set(['\n', '\t']);
/** ZERO WIDTH JOINER makes families of emoji, and some scripts need it. */
const JOINERS = new Set(['\u200c', '\u200d']);

/** The text in pieces, in which all that cannot be seen has a name: `U+202E`. */
export function visiblePieces(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(HIDDEN)) {
    const [character] = match;
    if (HARMLESS.has(character) || JOINERS.has(character)) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index), hidden: false });
    pieces.push({ text: nameOf(character), hidden: true });
    end = match.index + character.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end), hidden: false });
  return pieces;
}

function nameOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}
