import { parseArgs } from 'node:util';
import { CONDITIONS } from '../support/oracle.ts';
import { seedOfRun } from '../support/random.ts';
import { ENGINE_BREAKAGES } from './engine/engine-breakages.ts';
import { runEngine } from './engine/engine-run.ts';
import { BREAKAGES } from './suite/breakages.ts';
import { suiteServer } from './suite/server.ts';
import { type Finding, runSuite } from './suite/suite.ts';
import { rowsOf, tableText } from './suite/table.ts';

const USAGE = `npm run test:fault -- [options]

  --rounds N       faults to inject (default 40)
  --seed S         repeats a run (default: a new one, printed)
  --faults REGEX   only faults that it matches, such as 'kill -9'
  --break NAME     break the daemon on purpose: ${Object.keys(BREAKAGES).join(', ')}
  --url URL        superuser URL of a Postgres with wal_level=logical, which is not restarted
                   (default: an embedded one, which is)
  --engine         faults of a fleet: a tail and workers with a real Kafka between them, broken by
                   ${Object.keys(ENGINE_BREAKAGES).join(', ')}; 'SIGSTOP of the broker for a minute' is played
                   if --faults names it
  --json           print the result as JSON alone

Ends with 0 if all eight conditions held, 1 if one did not.
`;

/** How many findings are shown of each condition. */
const SHOWN = 5;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '40' },
      seed: { type: 'string' },
      faults: { type: 'string', default: '' },
      break: { type: 'string' },
      engine: { type: 'boolean', default: false },
      url: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const rounds = Number(values.rounds);
  const seed = values.seed === undefined ? seedOfRun() : Number(values.seed);
  const breakage = values.break ?? null;
  if (!Number.isSafeInteger(rounds) || rounds < 1 || !Number.isSafeInteger(seed) || (breakage !== null && !(breakage in (values.engine ? ENGINE_BREAKAGES : BREAKAGES)))) {
    console.error(USAGE);
    return 2;
  }
  const say = values.json ? () => undefined : (line: string): void => console.log(line);
  const more = `${values.engine ? ' --engine' : ''}${values.faults === '' ? '' : ` --faults '${values.faults}'`}${breakage === null ? '' : ` --break ${breakage}`}`;
  const again = `npm run test:fault -- --rounds ${rounds} --seed ${seed}${more}`;
  say(`seed ${seed}; to repeat: ${again}`);
  // Ctrl-C: the round that is played is the last, and what was played is judged. A second one ends it.
  const enough = new AbortController();
  process.once('SIGINT', () => enough.abort());
  if (values.engine) {
    const found = await runEngine({ rounds, seed, breakage, faults: values.faults, url: values.url ?? null, enough: enough.signal, onLine: say });
    say(`to repeat: ${again}`);
    return found === 0 ? 0 : 1;
  }
  const server = await suiteServer(values.url ?? null);
  try {
    const result = await runSuite({ server, rounds, seed, breakage, only: new RegExp(values.faults), enough: enough.signal, onLine: say });
    if (values.json) console.log(JSON.stringify({ seed, again, rows: rowsOf(result.rounds), ...result }));
    else say(`\n${tableText(result)}\n${findingsText(result.findings)}\nto repeat: ${again}`);
    return result.findings.length === 0 ? 0 : 1;
  } finally {
    await server.stop();
  }
}

function findingsText(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'All eight conditions held.';
  const byCondition = new Map<Finding['condition'], Finding[]>();
  for (const finding of findings) byCondition.set(finding.condition, [...(byCondition.get(finding.condition) ?? []), finding]);
  return [...byCondition]
    .map(([condition, found]) => {
      const number = condition === 'stuck' ? '' : ` (condition ${CONDITIONS[condition]})`;
      const lines = found.slice(0, SHOWN).map(({ what, episode }) => `  ${what} [episode ${episode}]`);
      return [`${condition}${number}: ${found.length}`, ...lines].join('\n');
    })
    .join('\n');
}

const code = await main();
// After hundreds of killed daemons, node's own teardown at times waits for ever for handles that never close (a busy loop in
// Environment::CleanupHandles); exit goes past it. Once what was written is out.
// oxlint-disable-next-line unicorn/no-process-exit -- see above
process.stdout.write('', () => process.exit(code));
