import type { KafkaEndpointConfig } from '../config.ts';
import type { Headers } from '../delivery.ts';
import { isTopic, recordPath } from '../record-path.ts';
import type { TextTemplate } from '../template.ts';
import type { TemplateCompiler } from './template-compiler.ts';
import type { TemplateScope } from './template-scope.ts';
import { compileText } from './template-text.ts';
import { Unrenderable } from './unrenderable.ts';

/** The path where neither has an expression; null where only a row can fill them. */
export function constantRecordPath({ topic, key }: KafkaEndpointConfig): string | null {
  const [topicText, keyText] = [constant(topic), constant(key ?? [])];
  if (topicText === null || keyText === null) return null;
  return recordPath({ topic: topicText, key: keyText === '' ? null : keyText });
}

function constant(template: TextTemplate): string | null {
  const texts = template.filter((part) => typeof part === 'string');
  return texts.length === template.length ? texts.join('') : null;
}

type Write = string | ((scope: TemplateScope) => string);

/**
 * Compiles `topic` and `key` of a Kafka endpoint to the path of its requests. What gives no name of a topic is refused. A key that
 * comes to nothing is left to the lane.
 * @returns the path itself if neither has an expression
 */
export function compileRecordPath({ topic, key }: KafkaEndpointConfig, compiler: TemplateCompiler): string | ((scope: TemplateScope) => string) {
  const topicText = compile(topic, 'topic', compiler);
  const keyText = key === null ? '' : compile(key, 'key', compiler);
  if (typeof topicText === 'string' && typeof keyText === 'string' && isTopic(topicText)) return pathOf(topicText, keyText);
  return (scope) => pathOf(written(topicText, scope), written(keyText, scope));
}

function pathOf(topic: string, key: string): string {
  if (!isTopic(topic)) throw new Unrenderable('topic: this is no name of a topic: 1 to 249 letters, digits, dots, underscores and hyphens');
  return recordPath({ topic, key: key === '' ? null : key });
}

function compile(template: TextTemplate, option: string, compiler: TemplateCompiler): Write {
  const pieces = compileText(template, { compiler, option });
  if (pieces.every((piece) => typeof piece === 'string')) return pieces.join('');
  return (scope) => pieces.map((piece) => (typeof piece === 'string' ? piece : (piece(scope) ?? ''))).join('');
}

function written(text: Write, scope: TemplateScope): string {
  return typeof text === 'string' ? text : text(scope);
}

/**
 * Headers of a format as a record has them. CloudEvents names its attributes otherwise in Kafka than in HTTP, and writes them as they are:
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md#32-binary-content-mode
 */
export function recordHeaders(headers: Headers): Headers {
  return headers.map(([name, value]) => (name.startsWith('ce-') ? [`ce_${name.slice(3)}`, decodeURIComponent(value)] : [name, value]));
}
