/** A family of samples, as a scrape has it. */
export interface Family {
  readonly type: string;
  readonly help: string;
  /** `part`: of a histogram, `_bucket`, `_sum` or `_count`; else empty. */
  readonly samples: { readonly part: string; readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/;

/**
 * Reads Prometheus' text format, and throws for what that does not allow: each family in one piece, HELP and TYPE before its
 * samples, no sample twice. https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let help: RegExpExecArray | null = null;
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const typed = new RegExp(`^# TYPE (${NAME}) (gauge|counter|histogram)$`).exec(line);
    if (line.startsWith('# HELP ')) {
      help = new RegExp(`^# HELP (${NAME}) (.+)$`).exec(line);
    } else if (typed !== null) {
      current = typed[1] ?? '';
      if (help?.[1] !== current || families.has(current)) throw new Error(`${line}: no HELP right before it, or it comes twice`);
      families.set(current, { type: typed[2] ?? '', help: help[2] ?? '', samples: [] });
    } else {
      const [, name, labels = '', value = ''] = SAMPLE.exec(line) ?? [];
      const family = families.get(current);
      const part = (name ?? '').slice(current.length);
      const isPart = family?.type === 'histogram' ? ['_bucket', '_sum', '_count'].includes(part) : part === '';
      if (name?.startsWith(current) !== true || !isPart || family === undefined || !Number.isFinite(Number(value)) || seen.has(`${name}{${labels}}`)) throw new Error(`not a sample of ${current}: ${line}`);
      seen.add(`${name}{${labels}}`);
      family.samples.push({ part, labels: labelsOf(labels), value: Number(value) });
    }
  }
  return families;
}

/** The value of the one sample with these labels; null if there is none. */
export function valueOf(families: ReadonlyMap<string, Family>, name: string, labels: Readonly<Record<string, string>> = {}): number | null {
  const wanted = Object.entries(labels);
  const found = families.get(name)?.samples.filter((sample) => Object.keys(sample.labels).length === wanted.length && wanted.every(([label, value]) => sample.labels[label] === value)) ?? [];
  return found.length === 1 ? (found[0]?.value ?? null) : null;
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== ''; ) {
    const found = LABEL.exec(rest);
    if (found === null) throw new Error(`not labels: ${text}`);
    const [whole, name = '', value = ''] = found;
    labels[name] = value.replaceAll(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
    rest = rest.slice(whole.length);
  }
  return labels;
}
