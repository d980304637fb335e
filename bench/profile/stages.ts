/** What `Profiler.stop` of node:inspector gives. https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** The node that each sample was taken in. */
  readonly samples: readonly number[];
  /** Microseconds from the sample before to each sample. */
  readonly timeDeltas: readonly number[];
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

export type Stage = 'read' | 'decode' | 'event' | 'route' | 'format' | 'sign' | 'queue' | 'send' | 'checkpoint' | 'store' | 'rest of walhook' | 'Node' | 'garbage collection';

/** The first that a function's file matches is its stage. The parts of pg that queries alone have use for are the store's; its parser is the stream's. */
const STAGES: readonly (readonly [Stage, RegExp])[] = [
  ['sign', /\/src\/format\/signature\./],
  ['store', /\/src\/store\/|\/node_modules\/(kysely|pg-pool|pg-types|postgres-\w+)\/|\/node_modules\/pg\/lib\/(query|result|client|utils)\./],
  ['read', /\/src\/(source\/|reading\.)|\/node_modules\/(pg-logical-replication|pg-protocol|pg)\//],
  ['decode', /\/src\/decode\//],
  ['event', /\/src\/(event\/|pipeline\.|change\.)/],
  ['route', /\/src\/(route|expression)\/|\/node_modules\/@marcbachmann\//],
  ['format', /\/src\/(format|enrich)\//],
  ['queue', /\/src\/(queue\/|dispatcher\.)|\/node_modules\/p-queue\//],
  ['send', /\/src\/deliver\/|\/node_modules\/undici\//],
  ['checkpoint', /\/src\/checkpoint\//],
  ['rest of walhook', /\/src\/|\/node_modules\//],
];

/** Microseconds in which each stage had the thread, and those of each function; nothing of when it was idle. */
export interface StageTimes {
  readonly stages: ReadonlyMap<Stage, number>;
  /** By name and file, with what of Node's own it calls; most first. */
  readonly functions: readonly (readonly [name: string, us: number])[];
}

/**
 * Whose time it was: each sample counts for the stage of the file that its function is in, and what is Node's own (a hash, a
 * write to a socket) for the stage that called it; for Node itself if none did.
 */
export function stageTimes({ nodes, samples, timeDeltas }: CpuProfile): StageTimes {
  const owners = ownersOf(nodes);
  const stages = new Map<Stage, number>();
  const functions = new Map<string, number>();
  samples.forEach((id, index) => {
    const owner = owners.get(id);
    const us = timeDeltas[index] ?? 0;
    if (owner === undefined) return;
    stages.set(owner.stage, (stages.get(owner.stage) ?? 0) + us);
    functions.set(owner.name, (functions.get(owner.name) ?? 0) + us);
  });
  return { stages, functions: [...functions].toSorted(([, a], [, b]) => b - a) };
}

interface Owner {
  readonly stage: Stage;
  readonly name: string;
}

/** Of each node, without those that are idle. */
function ownersOf(nodes: readonly ProfileNode[]): Map<number, Owner> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const owners = new Map<number, Owner>();
  const [root] = nodes;
  if (root === undefined) return owners;
  const open: [node: ProfileNode, caller: Owner][] = [[root, { stage: 'Node', name: 'Node itself' }]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [node, caller] = next;
    const { functionName, url } = node.callFrame;
    if (functionName === '(idle)') continue;
    const owner = ownerOf(functionName, url) ?? caller;
    owners.set(node.id, owner);
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child !== undefined) open.push([child, owner]);
    }
  }
  return owners;
}

/** Null if its caller's stage is its own. */
function ownerOf(functionName: string, url: string): Owner | null {
  if (functionName === '(garbage collector)') return { stage: 'garbage collection', name: functionName };
  const found = STAGES.find(([, files]) => files.test(url));
  if (found === undefined) return null;
  const file = url.replace(/^.*\/(src|node_modules)\//, '');
  return { stage: found[0], name: `${functionName === '' ? '(anonymous)' : functionName} ${file}` };
}
