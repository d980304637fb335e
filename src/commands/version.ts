import manifest from '../../package.json' with { type: 'json' };

/** walhook's own version. */
export function walhookVersion(): string {
  return manifest.version;
}
