import { tally } from '../../support/duplicates.ts';
import { type Condition, CONDITIONS, isDelivered, judge, storedDeliveries, type Verdict } from '../../support/oracle.ts';
import type { ReceivedRequest } from '../../support/receiver.ts';
import { type Random, random } from '../../support/random.ts';
import { nameOf } from '../../support/writer.ts';
import { now } from './child.ts';
import { ENDPOINTS, type EndpointName, Ground, IN_FLIGHT, Stuck, underWay } from './ground.ts';
import { FIRST_STEPS, type Scene, SCENES } from './scenes.ts';
import type { SuiteServer } from './server.ts';
import type { TimedRecord } from './writer-process.ts';

/** Rounds on one database, after which all of it is judged. */
const EPISODE = 20;
/** One in so many rare scenes is played. */
const RARE = 3;
const MEBIBYTE = 1024 * 1024;
/** A Node process with walhook in it, the memory that the configuration grants, and what garbage it may leave lying about. */
const MOST_RSS = 400 * MEBIBYTE;
/** Connections to Postgres, the HTTP server and its clients, and the suite's own channels to the process. */
const MORE_SOCKETS = 24;
/** What one read of the replication stream may bring beyond a full memory. */
const READ_AHEAD = 2_000;

export interface SuiteOptions {
  readonly server: SuiteServer;
  readonly rounds: number;
  readonly seed: number;
  /** A name of BREAKAGES, or null. */
  readonly breakage: string | null;
  /** Only scenes whose fault it matches. */
  readonly only: RegExp;
  /** Ends after the episode in which something was found; and after so many rounds an episode is judged. */
  readonly untilFound?: boolean;
  readonly episode?: number;
  /** Once it is aborted, the round that is played is the last one. */
  readonly enough?: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** What was found, and where in the run. */
export interface Finding {
  /** `stuck`: it did not go on, or ended by itself, which is none of the eight but no less wrong. */
  readonly condition: Condition | 'stuck';
  readonly what: string;
  /** Seed of the episode's ground. */
  readonly episode: number;
}

export interface Round {
  readonly fault: string;
  readonly from: number;
  readonly until: number;
  /** Milliseconds until it streamed again; null if it did not. */
  readonly recovery: number | null;
  /** Its place among the episode's endings, if it is one. */
  readonly ending: number | null;
  lost: number;
  disordered: number;
  /** Deliveries that came again: within the bound, and beyond it. */
  within: number;
  beyond: number;
}

export interface SuiteResult {
  readonly rounds: readonly Round[];
  readonly findings: readonly Finding[];
  readonly totals: { written: number; delivered: number; requests: number; duplicates: number; rss: number; sockets: number; seconds: number };
}

/** Plays rounds of faults and judges them by the eight conditions. */
export async function runSuite(options: SuiteOptions): Promise<SuiteResult> {
  const chance = random(options.seed);
  const started = now();
  const result = { rounds: [] as Round[], findings: [] as Finding[], totals: { written: 0, delivered: 0, requests: 0, duplicates: 0, rss: 0, sockets: 0, seconds: 0 } };
  const deck = new Deck(SCENES.filter(({ fault, stopsServer }) => options.only.test(fault) && (stopsServer !== true || options.server.own !== null)), chance);
  while (result.rounds.length < options.rounds) {
    const seed = chance.int(0, 2 ** 31 - 1);
    const count = Math.min(options.episode ?? EPISODE, options.rounds - result.rounds.length);
    const scenes = Array.from({ length: count }, () => deck.next());
    const before = result.rounds.length;
    await playEpisode({ ...options, seed, scenes, first: before + 1, result });
    // A daemon that does not even start will not the next time.
    if (result.rounds.length === before) break;
    if ((options.untilFound === true && result.findings.length > 0) || options.enough?.aborted === true) break;
  }
  result.totals.seconds = Math.round((now() - started) / 1000);
  return result;
}

/** All scenes in turn, shuffled anew each time; rare ones now and then. */
class Deck {
  readonly #scenes: readonly Scene[];
  readonly #chance: Random;
  #left: Scene[] = [];

  constructor(scenes: readonly Scene[], chance: Random) {
    if (scenes.length === 0) throw new Error('no scene is left to play');
    this.#scenes = scenes;
    this.#chance = chance;
  }

  next(): Scene {
    while (this.#left.length === 0) {
      this.#left = this.#scenes.filter(({ rare }) => rare !== true || this.#scenes.length === 1 || this.#chance.int(1, RARE) === 1);
    }
    const [scene] = this.#left.splice(this.#chance.int(0, this.#left.length - 1), 1);
    return scene ?? this.next();
  }
}

interface Episode extends SuiteOptions {
  readonly scenes: readonly Scene[];
  /** The number of its first round. */
  readonly first: number;
  readonly result: SuiteResult & { readonly rounds: Round[]; readonly findings: Finding[] };
}

async function playEpisode(episode: Episode): Promise<void> {
  const { result, seed, scenes, first, onLine } = episode;
  const ground = await Ground.open(episode);
  const rounds: Round[] = [];
  const stuck = (error: unknown): void => {
    const what = error instanceof Error ? error.message : String(error);
    if (!(error instanceof Stuck)) onLine(`  ${error instanceof Error ? (error.stack ?? what) : what}`);
    result.findings.push({ condition: 'stuck', what, episode: seed });
  };
  try {
    const isUp = await start(ground).catch(stuck);
    for (const [i, scene] of isUp === true ? scenes.entries() : []) {
      const from = now();
      const ending = ground.endings.crm.length;
      await ground.turn(scene.crm, scene.audit);
      const recovery = await scene.play(ground).catch((error: unknown) => {
        stuck(error);
        return null;
      });
      const isEnding = ground.endings.crm.length > ending;
      const round: Round = { fault: scene.fault, from, until: now(), recovery, ending: isEnding ? ending : null, lost: 0, disordered: 0, within: 0, beyond: 0 };
      rounds.push(round);
      onLine(`  ${first + i}: ${scene.fault} (${scene.crm}); ${recovery === null ? 'stuck' : `streams again after ${Math.round(recovery)} ms`}`);
      if (recovery === null || episode.enough?.aborted === true) break;
    }
    const isWhole = isUp === true && rounds.every(({ recovery }) => recovery !== null);
    if (isWhole) await ground.settle().catch(stuck);
    await judgeEpisode({ ground, rounds, isWhole, episode });
  } finally {
    result.rounds.push(...rounds);
    await ground.close();
  }
}

/** Kills the daemon at a step of its first start, twice at most, and lets it start then. */
async function start(ground: Ground): Promise<true> {
  for (let kills = ground.chance.int(0, 2); kills > 0; kills--) {
    ground.launch();
    await ground.until(ground.chance.pick(FIRST_STEPS), 'a step of the first start');
    await ground.kill();
  }
  await ground.relaunch();
  await ground.write();
  return true;
}

interface Judged {
  readonly ground: Ground;
  readonly rounds: readonly Round[];
  /** False if it got stuck: then what has not arrived may not be lost. */
  readonly isWhole: boolean;
  readonly episode: Episode;
}

async function judgeEpisode({ ground, rounds, isWhole, episode }: Judged): Promise<void> {
  const { result, seed, onLine } = episode;
  await ground.daemon.kill();
  await ground.writer.stop();
  await ground.sink.count();
  const written = ground.writer.read();
  const { requests, refused } = ground.sink.read();
  // If it never came to making its schema, nothing is stored.
  const stored = await storedDeliveries(ground.database).catch(() => []);
  const find = (condition: Finding['condition'], what: string): void => void result.findings.push({ condition, what, episode: seed });
  for (const what of refused) find('unstable', `no valid signature: ${what}`);
  const slots = await ground.database.sql<{ name: string }>('select slot_name as name from pg_replication_slots where database = $1', [ground.database.name]);
  if (slots.length !== 1) find('stuck', `slots: ${slots.map(({ name }) => name).join(', ')}`);
  const { totals } = result;
  const changes = written.committedAt.size;
  totals.written += changes;
  totals.rss = Math.max(totals.rss, ground.watch.rss);
  totals.sockets = Math.max(totals.sockets, ground.watch.sockets);
  for (const name of ENDPOINTS) {
    const received = requests.get(name) ?? [];
    const verdict = judge({
      written,
      requests: received,
      stored: stored.filter(({ endpoint }) => endpoint === name),
      samples: ground.samples[name],
      endings: ground.endings[name],
      bounds: {
        rss: { bytes: ground.watch.rss, most: MOST_RSS },
        sockets: { count: ground.watch.sockets, most: ground.concurrency + MORE_SOCKETS },
        rows: { count: ground.mostRows, most: changes * ENDPOINTS.length },
        inFlight: { deliveries: ground.watch.inFlight, most: IN_FLIGHT + READ_AHEAD },
      },
      traces: { texts: { ...ground.leaks, ...textsOf(name, received) }, secrets: ground.secrets },
    });
    for (const condition of Object.keys(CONDITIONS) as Condition[]) {
      if (condition === 'lost' && !isWhole) continue;
      for (const what of verdict[condition]) find(condition, `${name}: ${what}`);
    }
    totals.delivered += verdict.delivered;
    totals.requests += received.length;
    totals.duplicates += verdict.duplicates;
    attribute({ name, verdict: isWhole ? verdict : { ...verdict, lost: [] }, received, written, rounds, ground });
  }
  onLine(
    `  judged: ${changes} changes, ${[...requests].map(([name, all]) => `${all.length} requests to ${name}`).join(', ')}, ${Math.round(ground.watch.rss / MEBIBYTE)} MiB, ${ground.watch.sockets} sockets, ${ground.watch.inFlight} in flight; ${result.findings.length} findings so far`,
  );
}

/** A secret header is for the endpoint: it must be nowhere else. */
function textsOf(name: EndpointName, requests: readonly ReceivedRequest[]): Record<string, string> {
  const lines = requests.map(({ method, url, headers, body }) => `${method} ${url} ${JSON.stringify({ ...headers, 'x-api-key': '' })} ${body.toString()}`);
  return { [`the requests to ${name}`]: lines.join('\n') };
}

interface Attribution {
  readonly name: EndpointName;
  readonly verdict: Verdict;
  readonly received: readonly ReceivedRequest[];
  readonly written: TimedRecord;
  readonly rounds: readonly Round[];
  readonly ground: Ground;
}

/** Counts what went wrong, and what came twice, where it belongs: with the round in which it was written, sent or caused. */
function attribute({ name, verdict, received, written, rounds, ground }: Attribution): void {
  const at = (time: number): Round | undefined => rounds.find(({ until }) => time <= until) ?? rounds.at(-1);
  const sentAt = new Map(received.map((request) => [nameOf(request.body), request.at]));
  for (const lost of verdict.lost) addTo(at(written.committedAt.get(lost) ?? 0), 'lost', 1);
  for (const sentence of verdict.disordered) addTo(at(sentAt.get(sentence.split(' ', 2).join(' ')) ?? 0), 'disordered', 1);
  const { byEnding, causeless } = tally(received.filter(isDelivered), ground.endings[name]);
  for (const [i, { older, recent, ending }] of byEnding.entries()) {
    const round = rounds.find((each) => each.ending === i) ?? at(ending.at);
    addTo(round, 'within', recent + Math.min(older.length, underWay(name)));
    addTo(round, 'beyond', Math.max(0, older.length - underWay(name)));
  }
  addTo(rounds.at(-1), 'beyond', causeless.length);
}

function addTo(round: Round | undefined, what: 'lost' | 'disordered' | 'within' | 'beyond', count: number): void {
  if (round !== undefined) round[what] += count;
}
