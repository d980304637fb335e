import manifest from '../../package.json' with { type: 'json' };
import { EXIT, WalhookError } from '../errors.ts';

/** `>=24`: a build runs on this Node and on newer ones. */
const LEAST_NODE = Number(manifest.engines.node.replace(/^>=/, ''));

/**
 * Throws on a Node that lacks what walhook is written in: else some commands would work, and others fail in the middle.
 *
 * @param version as `process.versions.node` has it
 */
export function refuseOldNode(version: string, path: string): void {
  if (Number.parseInt(version, 10) >= LEAST_NODE) return;
  throw new WalhookError(`Node ${LEAST_NODE} or newer is needed, and ${path} is ${version}`, { code: 'old_node', exit: EXIT.usage, hint: 'https://nodejs.org/en/download; then start walhook with that node' });
}

/** walhook's own version. */
export function walhookVersion(): string {
  return manifest.version;
}
