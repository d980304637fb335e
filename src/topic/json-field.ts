import { BOOL, JSONB, NUMERIC, TEXT_TYPE } from './type-oids.ts';
import { type Fields, type FieldValue, UNTOLD } from './told-change.ts';
import { type Members, stringOf } from './json-text.ts';

const NULL: FieldValue = { typeOid: 0, text: null, json: 'null' };
export const UNTOLD_FIELD: FieldValue = { typeOid: 0, text: UNTOLD, json: '' };

/** A value of which nothing but its JSON is known: of the type that shows the same JSON again. */
export function jsonField(json: string): FieldValue {
  switch (json[0]) {
    case '"':
      return { typeOid: TEXT_TYPE, text: stringOf(json), json };
    case '{':
    case '[':
      return { typeOid: JSONB, text: json, json };
    case 't':
      return { typeOid: BOOL, text: 't', json };
    case 'f':
      return { typeOid: BOOL, text: 'f', json };
    case 'n':
      return NULL;
    default:
      return { typeOid: NUMERIC, text: json, json };
  }
}

export function jsonFields(members: Members): Fields {
  return new Map([...members].map(([name, json]) => [name, jsonField(json)]));
}
