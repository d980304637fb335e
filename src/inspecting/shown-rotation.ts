import type { Rotation } from '../inspection.ts';
import type { RotationState } from '../rotating.ts';

/** A rotation as it may be shown at any time. */
export function shownRotation(endpoint: string, { publicKey, beganAt, endsAt, configured }: RotationState): Omit<Rotation, 'secret'> {
  return {
    public_key: publicKey,
    began_at: beganAt.toISOString(),
    ends_at: endsAt.toISOString(),
    configured,
    yaml: rotationYaml(endpoint),
  };
}

/** What the file is to say. The secret has its place in the environment; the variable is named for the endpoint. */
export function rotationYaml(endpoint: string): string {
  const variable = `${endpoint.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_').replace(/^(?=\d)/, '_').replace(/_?WEBHOOK$/, '')}_WEBHOOK_SECRET`.replace(/^_(?=WEBHOOK)/, '');
  return `# endpoints.${endpoint}: the new secret goes into the environment variable ${variable}, and first here, before those that are there now.\n# Those may go when the grace time is over.\nsigning: { secrets: ["\${${variable}}", …] }`;
}
