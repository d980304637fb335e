import { isLoopback, listen } from './addresses.ts';
import { batchEndpointRules, batchHookRules } from './batch-rules.ts';
import { didYouMean } from '../closest.ts';
import { encodingRules } from './encoding-rules.ts';
import { endpointExpressionRules, expressionRules } from './expression-rules.ts';
import { fieldsRules } from './fields-rules.ts';
import { kafkaRules } from './kafka-rules.ts';
import { parseTableName } from './names.ts';
import type { Finding } from './problem.ts';
import { sqlRules } from './sql-rules.ts';
import { deliveredFault } from './status-rules.ts';
import { kafkaHookRules, kafkaNoticeFault, targetTypeRules } from './target-rules.ts';
import { testRules } from './test-rules.ts';
import { childrenAt, keyAt, type Node, nodeAt, type Path, Scalar, Sequence, spanAt, textAt } from './tree.ts';
import { parseDuration } from './units.ts';

/**
 * What options say about each other. Looks at the tree, not at what the schema made of it, so that these are
 * found beside whatever else is wrong; what the schema refuses is left to it.
 */
export function rules(root: Node, text: string): Finding[] {
  return [
    ...serverRules(root),
    ...tableRules(root),
    ...kafkaRules(root),
    ...[['engine', 'kafka'], ['source', 'kafka']].flatMap((cluster) => certificateRules(root, cluster)),
    ...childrenAt(root, ['endpoints']).flatMap((path) => endpointRules(root, path, text)),
    ...hookRules(root, text),
    ...targetRules(root, ['notify', 'to']),
    ...noticeRules(root),
    ...testRules(root),
  ];
}

function serverRules(root: Node): Finding[] {
  const address = textAt(root, ['server', 'listen']);
  const reading = address === null ? null : listen(address);
  if (reading === null || 'refused' in reading || isLoopback(reading.value.host)) return [];
  const token = nodeAt(root, ['server', 'token']);
  const given = token !== null && !(token instanceof Scalar && token.value === '');
  if (given) return [];
  const at = spanAt(root, token === null ? ['server', 'listen'] : ['server', 'token']).start;
  return [{ at, path: ['server', 'token'], message: 'required, because `listen` is beyond loopback' }];
}

function tableRules(root: Node): Finding[] {
  const findings: Finding[] = [];
  const seen = new Map<string, string>();
  for (const path of childrenAt(root, ['tables'])) {
    const name = String(path.at(-1));
    const parsed = parseTableName(name);
    if (parsed === null) continue;
    const whole = JSON.stringify([parsed.schema, parsed.table]);
    const other = seen.get(whole);
    if (other !== undefined) findings.push(finding(root, path, `the same table as ${JSON.stringify(other)}`));
    seen.set(whole, name);
  }
  return findings;
}

function endpointRules(root: Node, path: Path, text: string): Finding[] {
  const findings = [...targetTypeRules(root, path), ...headerRules(root, path), ...batchEndpointRules(root, path), ...certificateRules(root, path), ...endpointExpressionRules(root, path, text)];
  const headers = new Set(childrenAt(root, [...path, 'headers']).map((header) => String(header.at(-1)).toLowerCase()));
  const url = URL.parse(textAt(root, [...path, 'url']) ?? '');
  if (headers.has('authorization') && url !== null && url.username + url.password !== '') {
    findings.push(finding(root, [...path, 'url'], 'has a user and password, and there is an Authorization header: only one can be sent'));
  }
  if (nodeAt(root, [...path, 'oauth2']) !== null && (headers.has('authorization') || (url !== null && url.username + url.password !== ''))) {
    const other = headers.has('authorization') ? 'an Authorization header' : 'a user and password in `url`';
    findings.push(keyFinding(root, [...path, 'oauth2'], `there is ${other} besides: only one authorization can be sent`));
  }
  for (const response of childrenAt(root, [...path, 'responses'])) {
    const fault = textAt(root, response) === 'delivered' ? deliveredFault(String(response.at(-1))) : null;
    if (fault !== null) findings.push(finding(root, response, fault));
  }
  const initial = parseDuration(textAt(root, [...path, 'retry', 'initial']) ?? '5s');
  const max = parseDuration(textAt(root, [...path, 'retry', 'max']) ?? '1h');
  if (initial !== null && max !== null && initial > max) {
    const longer = nodeAt(root, [...path, 'retry', 'initial']) === null ? 'max' : 'initial';
    findings.push(finding(root, [...path, 'retry', longer], 'the first wait (`initial`) is longer than the longest (`max`)'));
  }
  return findings;
}

/** The `tls` of an endpoint or a cluster. */
function certificateRules(root: Node, of: Path): Finding[] {
  const path = [...of, 'tls'];
  const [cert, key] = [[...path, 'cert'], [...path, 'key']];
  const given = [cert, key].filter((file) => (textAt(root, file) ?? '') !== '');
  return given.length !== 1 || isFailed(root, cert) || isFailed(root, key) ? [] : [finding(root, path, '`cert` and `key` go together')];
}

/** The headers of an endpoint or a hook. */
function headerRules(root: Node, path: Path): Finding[] {
  const seen = new Set<string>();
  return childrenAt(root, [...path, 'headers']).flatMap((header) => {
    const name = String(header.at(-1)).toLowerCase();
    const twice = seen.has(name);
    seen.add(name);
    return twice ? [keyFinding(root, header, 'this header is there twice: case does not count')] : [];
  });
}

function hookRules(root: Node, text: string): Finding[] {
  const findings: Finding[] = [];
  const names = new Set<string>();
  for (const path of childrenAt(root, ['hooks'])) {
    const name = textAt(root, [...path, 'name']);
    if (name !== null && names.has(name)) findings.push(finding(root, [...path, 'name'], 'another hook has this name'));
    if (name !== null) names.add(name);
    findings.push(
      ...targetRules(root, [...path, 'to']),
      ...enteringRules(root, path),
      ...truncateRules(root, path),
      ...scheduleRules(root, path),
      ...headerRules(root, path),
      ...encodingRules(root, path),
      ...batchHookRules(root, path),
      ...kafkaHookRules(root, path),
      ...expressionRules(root, path, text),
      ...childrenAt(root, [...path, 'enrich']).flatMap((lookup) => sqlRules(root, lookup, text)),
      ...fieldsRules(root, [...path, 'fields']),
    );
  }
  return findings;
}

function targetRules(root: Node, path: Path): Finding[] {
  const known = childrenAt(root, ['endpoints']).map((endpoint) => String(endpoint.at(-1)));
  if (nodeAt(root, path) === null) return [];
  const targets = nodeAt(root, path) instanceof Sequence ? childrenAt(root, path) : [path];
  return targets.flatMap((target) => {
    const name = textAt(root, target);
    if (name === null || name === '' || known.includes(name) || hasExpression(root, target)) return [];
    // A name that was filled in is not shown.
    const shown = isFilled(root, target) ? '' : ` named ${JSON.stringify(name)}${didYouMean(name, known)}`;
    return [finding(root, target, `there is no endpoint${shown}`)];
  });
}

/** A notice is JSON, and has no hook that would write it otherwise. */
function noticeRules(root: Node): Finding[] {
  const path = ['notify', 'to'];
  const targets = nodeAt(root, path) instanceof Sequence ? childrenAt(root, path) : [path];
  return targets.flatMap((target) => {
    const endpoint = ['endpoints', textAt(root, target) ?? ''];
    const fault = kafkaNoticeFault(root, endpoint);
    if (fault !== null) return [finding(root, target, fault)];
    const method = textAt(root, [...endpoint, 'method']);
    return method === 'GET' || method === 'HEAD' ? [finding(root, target, `the endpoint has method ${method}, and a notice needs a body`)] : [];
  });
}

function enteringRules(root: Node, hook: Path): Finding[] {
  if (!isTrue(root, [...hook, 'entering']) || nodeAt(root, [...hook, 'when']) !== null) return [];
  return [finding(root, [...hook, 'entering'], 'needs `when`: it is what a row starts to match')];
}

/** What is counted or held by row cannot be that of a truncate. */
function truncateRules(root: Node, hook: Path): Finding[] {
  const truncates = childrenAt(root, [...hook, 'events']).some((event) => textAt(root, event) === 'truncate');
  if (!truncates) return [];
  return ['schedule', 'cooldown']
    .filter((option) => nodeAt(root, [...hook, option]) !== null)
    .map((option) => keyFinding(root, [...hook, option], 'goes by row, and a truncate has none: give truncate a hook of its own'));
}

function scheduleRules(root: Node, hook: Path): Finding[] {
  const backfill = [...hook, 'backfill'];
  if (nodeAt(root, [...hook, 'schedule']) === null) return [];
  const missing = ['when', 'entering: true'].filter((option) => (option === 'entering: true' ? !isTrue(root, [...hook, 'entering']) : nodeAt(root, [...hook, option]) === null));
  const found = nodeAt(root, backfill) === null || missing.length === 0 ? [] : [keyFinding(root, backfill, `with \`schedule\` not supported yet by walhook 0.1 without ${missing.map((option) => `\`${option}\``).join(', ')}: remove it`)];
  const events = childrenAt(root, [...hook, 'events']);
  const isEmpty = events.length > 0 && events.every((event) => textAt(root, event) === 'delete');
  return isEmpty ? [...found, finding(root, [...hook, 'events'], 'with `schedule` rows are sent as they are at its times, and a deleted row is none: give delete a hook of its own')] : found;
}

function isTrue(root: Node, path: Path): boolean {
  const node = nodeAt(root, path);
  return node instanceof Scalar && (node.value === true || node.value === 'true');
}

function hasExpression(root: Node, path: Path): boolean {
  const node = nodeAt(root, path);
  return node instanceof Scalar && node.origin.template;
}

function isFilled(root: Node, path: Path): boolean {
  const node = nodeAt(root, path);
  return node instanceof Scalar && node.origin.filled === 'yes';
}

function isFailed(root: Node, path: Path): boolean {
  const node = nodeAt(root, path);
  return node instanceof Scalar && node.origin.filled === 'failed';
}

function finding(root: Node, path: Path, message: string): Finding {
  return { at: spanAt(root, path).start, path, message };
}

function keyFinding(root: Node, path: Path, message: string): Finding {
  return { at: (keyAt(root, path) ?? spanAt(root, path)).start, path, message };
}
