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
  const variable = `${endpoint.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_').replace(/^(?=\d)/, '_')}_WEBHOOK_SECRET`;
  return `# endpoints.${endpoint}, with the new secret in the environment variable ${variable}; the old one behind it may go when the grace time is over\nsigning: { secrets: ["\${${variable}}"] }`;
}
