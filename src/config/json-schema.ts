import { type Json, jsonOf } from './kinds.ts';
import { schema } from './schema.ts';

/** The JSON Schema of walhook.yaml (draft 2020-12), for editors: `walhook schema` prints it. */
export function jsonSchema(): Json {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'walhook.yaml',
    description: 'Configuration of walhook, which tails the write-ahead log of Postgres and calls webhooks when rows change.',
    ...jsonOf(schema),
    $defs: {
      variable: {
        type: 'string',
        pattern: '\\$\\{',
        description: 'Text with a variable in it, filled in when the file is loaded: ${VAR}, ${VAR:-default}, ${VAR:?message}, ${file:/path}.',
      },
    },
  };
}
