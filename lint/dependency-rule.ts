/**
 * The dependency rule of docs/architecture.md, as a pure function from two paths to a reason or null.
 * Paths are relative to the repository's root, with forward slashes: `src/queue/lanes.ts`.
 */

/** The stages, in the order of the data's way. */
const STAGES = new Set(['source', 'decode', 'event', 'route', 'enrich', 'format', 'queue', 'deliver', 'checkpoint', 'backfill', 'engine', 'topic']);

/** What several stages share beside the vocabulary: CEL. Imports only the vocabulary. */
const SHARED = new Set(['expression']);

/** They implement the ports that the stages declare. */
const IMPLEMENTERS = new Set(['store', 'history', 'tracing', 'observe', 'kafka']);

/** What ports say is thrown: a class cannot be declared in a file of types alone. */
const ERRORS_OF_PORTS = new Set(['engine/too-large.ts']);

/** The only ones that wire parts together. The second line are the daemon's own parts, a file each. */
const COMPOSERS = new Set([
  'cli.ts', 'commands', 'inspecting', 'daemon.ts', 'daemon-status.ts', 'acting.ts',
  'opening.ts', 'reading.ts', 'pipeline.ts', 'hook-routes.ts', 'row-lanes.ts', 'delivered-history.ts', 'dispatcher.ts',
  'endpoint-sender.ts', 'endpoint-tally.ts', 'enriching.ts', 'current-events.ts', 'scheduling.ts', 'forwarder.ts', 'worker.ts', 'worker-opening.ts', 'outlet.ts', 'outlet-of.ts',
  'open-engine.ts', 'delivering.ts', 'notices.ts', 'running.ts', 'tail-and-worker.ts', 'delivery-records.ts', 'rotating.ts',
  'backfilling.ts', 'backfill-run.ts', 'draining.ts', 'service.ts', 'upkeep.ts', 'state.ts', 'worker-state.ts', 'endpoint-watch.ts',
  'topic-reading.ts', 'topic-way.ts', 'engine-way.ts', 'lookups.ts', 'record-stages.ts', 'expression-findings.ts',
]);

/** A package that one file owns. */
const OWNED_PACKAGES = new Map([['pg-logical-replication', 'src/source/tail.ts']]);

/** Why `from` may not import `to`, or null if it may. Files outside src/ are free, and package.json ships. */
export function forbiddenImport(from: string, to: string): string | null {
  const source = place(from);
  const target = place(to);
  if (source === null) return null;
  if (target === null) return to === 'package.json' && COMPOSERS.has(source.part) ? null : `${from} ships without ${to}: src/ imports nothing outside itself`;
  if (source.part === target.part) return null;
  if (COMPOSERS.has(source.part)) return null;
  if (target.kind === 'vocabulary') return null;
  if (source.kind === 'vocabulary') return 'the vocabulary (src/*.ts) imports nothing but itself';
  if (STAGES.has(source.part) && SHARED.has(target.part)) return null;
  if (IMPLEMENTERS.has(source.part)) {
    if (STAGES.has(target.part) && (target.file === 'port.ts' || ERRORS_OF_PORTS.has(`${target.part}/${target.file}`))) return null;
    return `${source.part}/ imports the vocabulary, its own folder and a stage's port.ts`;
  }
  return `${source.part}/ imports the vocabulary and its own folder; wire it to ${target.part} in daemon.ts or a command`;
}

/** Why `from` may not import the package, or null if it may. */
export function forbiddenPackage(from: string, name: string): string | null {
  const owner = OWNED_PACKAGES.get(name);
  if (owner === undefined || from === owner || !from.startsWith('src/')) return null;
  return `${name} is imported in ${owner} alone, which knows its traps`;
}

interface Place {
  /** The folder below src/, or the file if it is a composer, or `*` for the vocabulary. */
  readonly part: string;
  readonly kind: 'vocabulary' | 'part';
  /** The path within the part. */
  readonly file: string;
}

function place(path: string): Place | null {
  const [root, first, ...rest] = path.split('/');
  if (root !== 'src' || first === undefined) return null;
  if (rest.length > 0) return { part: first, kind: 'part', file: rest.join('/') };
  if (COMPOSERS.has(first)) return { part: first, kind: 'part', file: first };
  return { part: '*', kind: 'vocabulary', file: first };
}
