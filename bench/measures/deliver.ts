import { drain } from '../drain.ts';
import { bareDispatch } from '../limits/dispatch.ts';
import type { Measure } from '../measure.ts';
import { profilesBacklog, profilesConfig } from '../profiles.ts';
import { Nginx } from '../receiver/nginx.ts';
import { inTurn } from '../rounds.ts';
import { ratio, spread } from '../statistics.ts';
import { SECRET } from '../walhook-config.ts';

const CONCURRENCY = 64;
/** What L2 sends in turn. */
const BODIES = 1_000;
/** Deliveries a second that are wanted where the machine can do so many at all. */
const WANTED = 20_000;

/** Each event is a signed request of its own, over 64 connections. */
export const deliver: Measure = {
  name: 'deliver',
  title: 'one event a request, signed, 64 connections, from a backlog',
  async run(suite) {
    const { rows, rounds } = suite.options;
    const { database } = await profilesBacklog(suite, 'deliver', rows);
    const ours = await suite.receiver();
    const { bodies } = await drain(suite, { database, receiver: ours, config: await profilesConfig(database, ours.port), until: BODIES, keep: BODIES });
    const receiver = (await suite.nginx()) ?? ours;
    const shares: number[] = [];
    const { walhook, bare } = await inTurn(rounds, {
      walhook: async () => {
        const drained = await drain(suite, { database, receiver, config: await profilesConfig(database, receiver.port), until: rows });
        shares.push(drained.receiverShare);
        return drained;
      },
      bare: async () => {
        const { counted } = receiver.count({ what: 'requests', skip: 0, until: rows });
        const answer = await bareDispatch(suite, { port: receiver.port, requests: rows, concurrency: CONCURRENCY, secret: SECRET, bodies });
        shares.push((await counted).cpuShare);
        return answer;
      },
    });
    const [rates, limits] = [walhook, bare].map((answers) => answers.map(({ perSecond }) => perSecond)) as [number[], number[]];
    const limit = spread(limits);
    return {
      figures: [
        { name: 'deliver.ratio', what: 'deliveries ÷ L2', unit: 'ratio', value: ratio(rates, limits), bar: { atLeast: 0.85 } },
        { name: 'deliver.rate', what: 'deliveries', unit: '/s', value: spread(rates), ...(limit.median >= WANTED ? { bar: { atLeast: WANTED } } : {}) },
        { name: 'deliver.limit', what: 'L2, requests', unit: '/s', value: limit },
        { name: 'deliver.cpu', what: "walhook's CPU a delivery", unit: 'µs', value: spread(walhook.map(({ cpu }) => cpu)) },
        { name: 'deliver.limit_cpu', what: "L2's CPU a request", unit: 'µs', value: spread(bare.map(({ cpu }) => cpu)) },
      ],
      notes: [
        `The receiver is ${receiver instanceof Nginx ? 'nginx' : 'our own'}; it used at most ${Math.round(Math.max(...shares) * 100)} % of a core.`,
        `Of ${rows.toLocaleString('en')} deliveries a round walhook parked at most ${Math.max(...walhook.map(({ parked }) => parked)).toLocaleString('en')} on the way.`,
        ...(limit.median >= WANTED ? [] : [`L2 does not reach ${WANTED.toLocaleString('en')}/s on this machine, so that there is no bar for the rate.`]),
      ],
    };
  },
};
