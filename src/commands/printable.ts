/**
 * Text that came from elsewhere (a row, an endpoint's response) for a terminal: control characters, which could move the
 * cursor or change what is on the screen, are shown as escapes; line breaks and tabs stay.
 */
export function printable(text: string): string {
  return text.replaceAll(/\r\n/g, '\n').replaceAll(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, escape);
}

/** The same, on one line and no longer than `width`. */
export function printableLine(text: string, width: number): string {
  const line = printable(text.replaceAll(/\s+/g, ' ').trim());
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}

function escape(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}
