/** An SVG element as text: its name, its attributes, and what is in it. */
export function element(name: string, attributes: Readonly<Record<string, string | number>>, content: string | readonly string[] = ''): string {
  const inner = typeof content === 'string' ? content : content.join('');
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(typeof value === 'number' ? short(value) : value)}"`);
  return inner === '' ? `<${name}${list.join('')}/>` : `<${name}${list.join('')}>${inner}</${name}>`;
}

/** Text at a place, in one of the classes of STYLE. */
export function text(content: string, attributes: Readonly<Record<string, string | number>>): string {
  return element('text', attributes, escaped(content));
}

/** Looks well on light and on dark ground: it has none of its own, and its colours follow what the reader prefers. */
const STYLE = `
  :root { --ink: #24292f; --faint: #6e7781; --rule: #d0d7de; --good: #1a7f37; --bad: #cf222e; --a: #0969da; --b: #bf5700; --c: #8250df; --d: #1a7f37 }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e6edf3; --faint: #8b949e; --rule: #30363d; --good: #3fb950; --bad: #f85149; --a: #58a6ff; --b: #f0883e; --c: #bc8cff; --d: #3fb950 }
  }
  text { font: 12px ui-sans-serif, system-ui, sans-serif; fill: var(--ink) }
  .title { font-size: 14px; font-weight: 600 }
  .faint { fill: var(--faint) }
  .rule { stroke: var(--rule); stroke-width: 1 }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round }
  .bar { stroke: var(--ink); stroke-width: 2 }
  .whisker { stroke: var(--ink); stroke-width: 1.5; opacity: 0.55 }
`;

/** The colours of lines, in their order. */
export const COLOURS = ['var(--a)', 'var(--b)', 'var(--c)', 'var(--d)'] as const;

export function document({ width, height, title }: { width: number; height: number; title: string }, content: readonly string[]): string {
  const attributes = { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': title };
  return `${element('svg', attributes, [element('style', {}, STYLE), ...content.map((one) => `\n${one}`), '\n'])}\n`;
}

function escaped(raw: string): string {
  return raw.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function short(value: number): string {
  return String(Number(value.toFixed(1)));
}
