import { Digits, parseDigits } from './digits.ts';

/** How far a line may reach before an object or list is broken into several. */
const WIDTH = 100;

export type Color = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'magenta' | 'cyan';

/** Paints a piece of text, or leaves it as it is. */
export type Paint = (color: Color | readonly Color[], text: string) => string;

/**
 * JSON for people: short objects and lists on a line, long ones a line for each member. Digits stay as they are.
 *
 * @param indent what stands before every line but the first.
 * @param redacted text that stands in place of hidden values, shown as such.
 */
export function prettyJson(json: string, options: { readonly indent: string; readonly redacted: string; readonly paint: Paint }): string {
  const { paint, redacted } = options;
  return text(parseDigits(json), options.indent);

  function text(value: unknown, indent: string): string {
    if (!isNested(value)) return scalar(value);
    const inline = onOneLine(value);
    if (indent.length + inline.width <= WIDTH) return inline.text;
    const deeper = `${indent}  `;
    const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
    const members = Array.isArray(value)
      ? value.map((member) => text(member, deeper))
      : Object.entries(value).map(([name, member]) => `${key(name)}: ${text(member, deeper)}`);
    return `${open}\n${members.map((member) => deeper + member).join(',\n')}\n${indent}${close}`;
  }

  /** The width is that of the text without its colours. */
  function onOneLine(value: unknown): { readonly text: string; readonly width: number } {
    if (Array.isArray(value)) {
      const members = value.map((member) => onOneLine(member));
      return { text: `[${members.map((member) => member.text).join(', ')}]`, width: width(members) };
    }
    if (isNested(value)) {
      const members = Object.entries(value).map(([name, member]) => {
        const inline = onOneLine(member);
        return { text: `${key(name)}: ${inline.text}`, width: JSON.stringify(name).length + 2 + inline.width };
      });
      return { text: members.length === 0 ? '{}' : `{ ${members.map((member) => member.text).join(', ')} }`, width: width(members) + 2 };
    }
    return { text: scalar(value), width: plain(value).length };
  }

  function scalar(value: unknown): string {
    if (value === redacted) return paint(['magenta', 'bold'], plain(value));
    return paint(typeof value === 'string' ? 'green' : 'yellow', plain(value));
  }

  function key(name: string): string {
    return paint('cyan', JSON.stringify(name));
  }
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Digits);
}

function plain(value: unknown): string {
  return value instanceof Digits ? value.text : JSON.stringify(value);
}

function width(members: readonly { readonly width: number }[]): number {
  return 2 + members.reduce((sum, member) => sum + member.width + 2, 0);
}
