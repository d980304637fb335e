import { unreadableRecord } from './unreadable-record.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A record's bytes as JSON text, known to be right. @throws WalhookError `unreadable_record` */
export function parsedText(bytes: Buffer): string {
  // Confluent's serializers: a zero, and four bytes that name a schema.
  if (bytes[0] === 0) throw unreadableRecord('the value is no JSON, but begins as what a schema registry names', 'the topic must be filled with org.apache.kafka.connect.json.JsonConverter');
  let text: string;
  try {
    text = utf8.decode(bytes).trim();
    JSON.parse(text);
  } catch {
    // The parser's message quotes the value.
    throw unreadableRecord('the value is no JSON');
  }
  return text;
}
