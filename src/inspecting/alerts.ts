import { humanBytes, humanCount, humanDuration } from '../commands/units.ts';
import { UNASSIGNED_TOO_LONG } from '../fleet.ts';
import type { Alert, EndpointReport } from '../inspection.ts';
import type { HealthFacts } from './health-facts.ts';

/** A lag above this is worth a word, in milliseconds. */
const LAG = 60_000;
/** Seconds of room for WAL below which it is told, and below which it is an alarm. */
const WAL_SOON = 24 * 3_600;
const WAL_NOW = 3_600;
const DAY = 86_400_000;
/** A partition that is nobody's for less is being dealt anew, in milliseconds. */
const UNASSIGNED = 10_000;

/** What is the matter, worst first, each with what mends it. */
export function alertsOf(facts: HealthFacts): Alert[] {
  const all = [...stateAlerts(facts), ...walAlerts(facts), ...engineAlerts(facts), ...facts.endpoints.flatMap((endpoint) => endpointAlerts(endpoint, facts)), ...facts.forgotten.map(forgottenAlert), ...reloadAlerts(facts)];
  return all.toSorted((a, b) => RANK[a.level] - RANK[b.level]);
}

const RANK: Record<Alert['level'], number> = { failing: 0, waiting: 1 };

function stateAlerts({ status: { state, problems, slot, behind }, engine }: HealthFacts): Alert[] {
  const kept = engine?.role === 'deliver' ? 'What is not delivered stays in Kafka until it passes.' : 'What was read is kept; the WAL is held back until it passes.';
  const alerts = problems.map((problem): Alert => failing(`${sentence(problem)} ${kept}`, null, '/database'));
  if (state === 'reconnecting' && problems.length === 0) alerts.push(failing('The stream from the database is broken: it is tried again and again.', 'walhook check', '/database'));
  if (state === 'stopped') alerts.push(failing('walhook has stopped: nothing is sent.', null, null));
  if (state === 'draining') alerts.push(waiting('walhook ends: it finishes what is being sent.', null, null));
  if (state === 'starting') alerts.push(waiting('walhook is starting.', null, null));
  if (state === 'standby') alerts.push(waiting(`walhook stands by: another process reads slot ${slot}.`, null, '/database'));
  if (behind !== null && behind > LAG) alerts.push(waiting(`walhook reads ${humanDuration(behind)} behind what is committed.`, null, '/database'));
  return alerts;
}

function walAlerts({ status: { wal, slot } }: HealthFacts): Alert[] {
  if (wal === null) return [];
  const more = 'ALTER SYSTEM SET max_slot_wal_keep_size = \'…GB\'; SELECT pg_reload_conf();';
  if (wal.wal_status === 'lost') return [failing(`Slot ${slot} has lost its WAL: events are missing.`, 'walhook resync', '/database')];
  if (wal.wal_status === 'unreserved') return [failing(`Slot ${slot} may lose its WAL at the next checkpoint.`, more, '/database')];
  const left = wal.seconds_left;
  if (left === null || left > WAL_SOON) return [];
  const message = `The WAL that slot ${slot} keeps${wal.retained_bytes === null ? '' : ` (${humanBytes(wal.retained_bytes)})`} reaches its limit in ${humanDuration(left * 1_000)}, as things go.`;
  return [left <= WAL_NOW ? failing(message, more, '/database') : waiting(message, more, '/database')];
}

/** A partition without a worker is told once it is more than a rebalance. What the tail gets from Kafka's lack of an answer, its own problem tells. */
function engineAlerts({ engine }: HealthFacts): Alert[] {
  if (engine === null) return [];
  const { fleet, fleet_problems } = engine;
  if (fleet !== null && (fleet.unassigned_for ?? 0) < UNASSIGNED) return [];
  const level = fleet === null || (fleet.unassigned_for ?? 0) < UNASSIGNED_TOO_LONG ? waiting : failing;
  return fleet_problems.map((problem) => level(sentence(problem), fleet === null ? null : 'walhook run --role deliver', '/'));
}

function endpointAlerts(endpoint: EndpointReport, facts: HealthFacts): Alert[] {
  return [...standingAlert(endpoint, facts), ...deadAlert(endpoint), ...rotationAlert(endpoint, facts)];
}

function standingAlert(endpoint: EndpointReport, { because, status, now }: HealthFacts): Alert[] {
  const { name, condition, breaker, parked, reason, failing_for, mode, slowed } = endpoint;
  const link = `/endpoints/${encodeURIComponent(name)}`;
  const count = parked ?? 0;
  const kept = count === 0 ? 'What comes for it is parked; nothing is lost.' : count === 1 ? 'It is parked; nothing is lost.' : 'They are parked; nothing is lost.';
  const wal = status.problems.length === 0 ? ' The WAL is not held back.' : '';
  const deliveries = `${humanCount(count)} ${count === 1 ? 'delivery' : 'deliveries'}`;
  if (condition === 'disabled') return [failing(`${name} is disabled: ${reason ?? 'it failed for too long'}. ${count === 0 ? kept : `${deliveries} ${count === 1 ? 'is' : 'are'} parked; nothing is lost.`}${wal}`, `walhook resume ${name}`, link)];
  if (condition === 'paused') return [waiting(`${name} is paused: ${reason ?? 'by hand'}. ${count === 0 ? kept : `${deliveries} ${count === 1 ? 'waits' : 'wait'}.`}`, `walhook resume ${name}`, link)];
  const hint = endpoint.last_error?.hint ?? null;
  const why = because.get(name) ?? endpoint.last_error?.message ?? null;
  const since = failing_for === null ? '' : ` since ${clock(now - failing_for, now)}`;
  if (count > 0 && endpoint.last_error?.failure === null) return [failing(`${deliveries} for ${name} ${count === 1 ? 'waits' : 'wait'}: ${endpoint.last_error.message}.`, hint, link)];
  if (breaker === 'open') {
    const what = count === 0 ? `${name} has failed${since}` : `${name} has refused ${deliveries}${since}`;
    return [failing(`${what}${why === null ? '' : `: ${why}`}. ${kept}${wal}`, hint, link)];
  }
  if (count > 0 && mode !== 'direct') return [waiting(`${name} catches up: ${deliveries} that ${count === 1 ? 'was' : 'were'} parked ${count === 1 ? 'is' : 'are'} being sent.`, null, link)];
  if (count > 0) return [waiting(`${deliveries} for ${name} ${count === 1 ? 'waits' : 'wait'} for another try${why === null ? '' : `: ${why}`}.`, hint, `/deliveries?state=parked&endpoint=${encodeURIComponent(name)}`)];
  return slowed ? [waiting(`${name} says that it gets too much: it is sent less for now.`, `endpoints.${name}: { rate: …/s }`, link)] : [];
}

function deadAlert({ name, dead }: EndpointReport): Alert[] {
  if (dead === null || dead === 0) return [];
  const message = `${humanCount(dead)} ${dead === 1 ? 'delivery' : 'deliveries'} for ${name} gave up: ${dead === 1 ? 'it is' : 'they are'} kept, and sent again when you say so.`;
  return [waiting(message, `walhook replay --endpoint ${name}`, `/deliveries?state=dead&endpoint=${encodeURIComponent(name)}`)];
}

/** For as long as the file, which is the truth, lacks the new secret. */
function rotationAlert({ name, rotation }: EndpointReport, { now, unreadable }: HealthFacts): Alert[] {
  if (rotation === null || rotation.configured) return [];
  const left = Date.parse(rotation.ends_at) - now;
  const message =
    unreadable.has(name)
      ? `The rotated secret of ${name} cannot be read any more, since the configuration has another one than before: its own secrets sign.`
      : left > 0
        ? `The new signing secret of ${name} is not in the configuration yet. In ${humanDuration(left)} it alone signs.`
        : `Only the rotated secret of ${name} signs, and the configuration does not have it.`;
  return [waiting(message, rotation.yaml, `/endpoints/${encodeURIComponent(name)}`)];
}

function forgottenAlert({ name, parked, dead }: HealthFacts['forgotten'][number]): Alert {
  return waiting(`${humanCount(parked + dead)} stored ${parked + dead === 1 ? 'delivery is' : 'deliveries are'} for ${name}, which the configuration no longer has: nothing is sent there.`, `put ${name} back, or: walhook discard --parked --endpoint ${name}`, '/config');
}

function reloadAlerts({ failedReload, now }: HealthFacts): Alert[] {
  return failedReload === null ? [] : [waiting(`The reload at ${clock(failedReload.at.getTime(), now)} failed: the configuration before it goes on.`, 'mend the file, then reload', '/config')];
}

/** `02:13`, with the day if that was not within the last one. UTC, as every time of the API. */
function clock(at: number, now: number): string {
  const text = new Date(at).toISOString();
  return `${now - at < DAY ? '' : `${text.slice(0, 10)} `}${text.slice(11, 16)}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

function failing(message: string, fix: string | null, link: string | null): Alert {
  return { level: 'failing', message, fix, link };
}

function waiting(message: string, fix: string | null, link: string | null): Alert {
  return { level: 'waiting', message, fix, link };
}
