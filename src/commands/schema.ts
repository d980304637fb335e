import { jsonSchema } from '../config/json-schema.ts';
import { EXIT } from '../errors.ts';
import type { Verb } from './command.ts';

/** `walhook schema`: the JSON Schema of walhook.yaml. */
export const schema: Verb = async () => {
  process.stdout.write(`${JSON.stringify(jsonSchema(), null, 2)}\n`);
  return EXIT.ok;
};
