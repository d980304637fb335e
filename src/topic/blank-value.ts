import { membersOf, stringOf } from './json-text.ts';

/** What is empty, none, midnight or the beginning of 1970, as text: decimals of precise mode are the bytes of a 0. */
const BLANK_TEXT = /^(?:\{\}|AA==|0(?:\.0+)?|1970-01-01(?:T00:00:00(?:\.0+)?)?Z?|00:00:00(?:\.0+)?Z?|P0Y0M0DT0H0M0S)?$/;

/**
 * True for what Debezium may have put in place of a value that it does not know: null, or, where the column is NOT NULL, the
 * least of its type. https://github.com/debezium/debezium/blob/3.0/debezium-core/src/main/java/io/debezium/jdbc/JdbcValueConverters.java
 */
export function isBlank(json: string): boolean {
  switch (json[0]) {
    case '"':
      return BLANK_TEXT.test(stringOf(json) ?? '');
    case '[':
      return json === '[]';
    case '{': {
      const members = membersOf(json);
      // A decimal that has its scale with it; a point; a map.
      const parts = members?.has('value') === true ? ['value'] : ['x', 'y'];
      return json === '{}' || parts.every((name) => isBlank(members?.get(name) ?? 'true'));
    }
    case 't':
      return false;
    case 'f':
    case 'n':
      return true;
    default:
      return Number(json) === 0;
  }
}
