import { drain } from '../drain.ts';
import { bareDispatch } from '../limits/dispatch.ts';
import type { Figure, Measure } from '../measure.ts';
import { profilesBacklog, profilesConfig } from '../profiles.ts';
import { inTurn } from '../rounds.ts';
import { median, spread } from '../statistics.ts';
import { endpoint, SECRET } from '../walhook-config.ts';

/** Each within what two cores can do. */
const CASES = [
  { latency: 20, concurrency: 64 },
  { latency: 200, concurrency: 256 },
];
/** Rows behind those that are counted, so that there is always more to send. */
const SPARE = 10_000;

/** Deliveries a second to an endpoint that takes its time, against what its time allows. */
export const slowEndpoint: Measure = {
  name: 'slow-endpoint',
  title: 'one event a request with endpoint latency 20 ms and 200 ms',
  async run(suite) {
    const { rounds, seconds } = suite.options;
    const most = Math.max(...CASES.map(({ latency, concurrency }) => (concurrency * 1000 * seconds) / latency));
    const rows = most + SPARE;
    const { database } = await profilesBacklog(suite, 'slow_endpoint', rows);
    const receiver = await suite.receiver();
    const { bodies } = await drain(suite, { database, receiver, config: await profilesConfig(database, receiver.port), until: 100, keep: 100 });
    const figures: Figure[] = [];
    const notes: string[] = [];
    for (const { latency, concurrency } of CASES) {
      receiver.delay(latency);
      const allowed = (concurrency * 1000) / latency;
      const requests = allowed * seconds;
      const { walhook, bare } = await inTurn(rounds, {
        walhook: async () => {
          const config = await profilesConfig(database, receiver.port, { endpoints: { bench: endpoint(receiver.port, { concurrency }) } });
          return drain(suite, { database, receiver, config, until: requests });
        },
        bare: () => bareDispatch(suite, { port: receiver.port, requests, concurrency, secret: SECRET, bodies }),
      });
      const rates = walhook.map(({ perSecond }) => perSecond);
      const name = `slow-endpoint.${latency}ms`;
      const of = `${concurrency} ÷ ${latency} ms`;
      figures.push(
        { name, what: `deliveries ÷ (${of})`, unit: 'ratio', value: spread(rates.map((rate) => rate / allowed)), bar: { atLeast: 0.95 } },
        { name: `${name}.rate`, what: `deliveries, of ${Math.round(allowed).toLocaleString('en')}/s that ${of} allows`, unit: '/s', value: spread(rates) },
        { name: `${name}.bare`, what: 'L2, requests', unit: '/s', value: spread(bare.map(({ perSecond }) => perSecond)) },
      );
      const answeredAfter = median(walhook.map((drained) => drained.answeredAfter));
      const parked = Math.max(...walhook.map((drained) => drained.parked));
      notes.push(`Asked to wait ${latency} ms, the receiver answered walhook after ${answeredAfter.toFixed(2)} ms in the mean. walhook parked at most ${parked.toLocaleString('en')} deliveries of a backlog of ${rows.toLocaleString('en')}.`);
    }
    return { figures, notes };
  },
};
