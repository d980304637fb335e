import type { CommandSpec, OptionSpec } from './command.ts';
import { CONFIG, JSON_OUTPUT } from './shared-options.ts';

/** Which deliveries are meant. */
const NARROWING: readonly OptionSpec[] = [
  { flags: '--endpoint <name>', description: 'those of one endpoint' },
  { flags: '--hook <name>', description: 'those of one hook' },
  { flags: '-t, --table <name>', description: 'those of one table: profiles, or app.profiles', list: true },
  { flags: '--key <column=value>', description: 'with --table: those of one row; given once for each column of its key', list: true },
  { flags: '--since <time>', description: 'parked, dead or delivered since then: 90m or 7d ago, or 2026-11-20T10:00Z' },
  { flags: '--before <time>', description: 'parked, dead or delivered before then' },
];
const BULK: readonly OptionSpec[] = [
  ...NARROWING,
  { flags: '--all', description: 'all of them' },
  { flags: '--dry-run', description: 'only count' },
  { flags: '--yes', description: 'do not ask' },
];

const WHERE = 'The running daemon does it, asked on `server.listen`. If none runs it is done in the database, and the next one starts from there.';

const STOP = 'Ctrl-C stops it between two parts of the work, and says how many were done. Exit code 1 then.';

/** Commands that look at what is parked and dead, and those that decide what becomes of it, in the order in which help shows them. */
export const DELIVERY_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'deliveries',
    arguments: [],
    summary: 'list what is parked, dead, or arrived of late',
    examples: [
      { command: 'walhook deliveries', why: 'the latest, and why they failed' },
      { command: 'walhook deliveries --dead --endpoint crm', why: 'what crm will never get by itself' },
      { command: 'walhook deliveries --state delivered --table profiles --key user_id=42', why: 'what arrived of one row' },
      { command: 'walhook deliveries --parked --since 1h --json', why: 'for scripts' },
    ],
    notes: [
      'Parked deliveries wait and will be sent; dead ones gave up, and are kept until they are replayed or discarded.',
      'Of what arrived the daemon remembers the latest, and with `history` in the file those of that time, restarts included: `--state delivered`.',
    ],
    options: [
      CONFIG,
      { flags: '--state <state>', description: 'only those in this state; default: dead and parked', choices: ['dead', 'parked', 'delivered'] },
      { flags: '--dead', description: 'only dead letters' },
      { flags: '--parked', description: 'only parked deliveries' },
      ...NARROWING,
      { flags: '--limit <n>', description: 'at most so many of each state', default: '50' },
      JSON_OUTPUT,
    ],
    stopsOn: [],
    load: async () => (await import('./deliveries.ts')).deliveries,
  },
  {
    name: 'show',
    arguments: [{ name: '<id>', description: 'the webhook-id, as `walhook deliveries` prints it' }],
    summary: 'all that is kept of a delivery, or its curl command',
    examples: [
      { command: 'walhook show 00000000016f3b28-0-i-3f0c1a9be2d45a77', why: 'its attempts, the last response, its body' },
      { command: 'walhook show 00000000016f3b28-0-i-3f0c1a9be2d45a77 --curl', why: 'its request as a curl command, secrets masked' },
    ],
    notes: ['Prints the body, and so the values of a row. What was hidden when the row changed is hidden here as well.'],
    options: [CONFIG, { flags: '--curl', description: 'print each request as a curl command, for a shell' }, JSON_OUTPUT],
    stopsOn: [],
    load: async () => (await import('./show.ts')).show,
  },
  {
    name: 'replay',
    arguments: [{ name: '[id...]', description: 'webhook-ids' }],
    summary: 'send dead letters, or what arrived, again: same id, same body',
    examples: [
      { command: 'walhook replay 00000000016f3b28-0-i-3f0c1a9be2d45a77', why: 'one of them' },
      { command: 'walhook replay --endpoint crm --dry-run', why: 'how many there are' },
      { command: 'walhook replay --endpoint crm', why: 'all of an endpoint, after a yes' },
      { command: 'walhook replay --all --yes', why: 'all of them, from a script' },
      { command: 'walhook replay --since 1h --state delivered --endpoint crm', why: 'what crm took and lost in the last hour' },
    ],
    notes: [
      'A dead letter is parked again, without attempts and due at once. It keeps its place in the order of its row: it goes before what is still parked of that row, but what was delivered meanwhile was delivered before it. What arrived is sent again as long as it is in the history.',
      WHERE,
      STOP,
    ],
    options: [CONFIG, { flags: '--state <state>', description: 'which ones', default: 'dead', choices: ['dead', 'delivered'] }, ...BULK, JSON_OUTPUT],
    stopsOn: ['SIGINT', 'SIGTERM'],
    load: async () => (await import('./replay.ts')).replay,
  },
  {
    name: 'discard',
    arguments: [{ name: '[id...]', description: 'webhook-ids' }],
    summary: 'forget dead letters, or parked deliveries, for good',
    examples: [
      { command: 'walhook discard --endpoint crm --dry-run', why: 'how many dead letters there are' },
      { command: 'walhook discard --endpoint crm', why: 'forget them, after a yes' },
      { command: 'walhook discard --parked --endpoint old', why: 'what still waits for an endpoint that is gone' },
    ],
    notes: ['What is discarded is never sent. A parked delivery that is being sent at this moment is sent all the same.', WHERE, STOP],
    options: [CONFIG, { flags: '--parked', description: 'parked deliveries instead of dead letters' }, ...BULK, JSON_OUTPUT],
    stopsOn: ['SIGINT', 'SIGTERM'],
    load: async () => (await import('./discard.ts')).discard,
  },
  {
    name: 'pause',
    arguments: [{ name: '<endpoint>', description: 'its name in the configuration' }],
    summary: 'send nothing to an endpoint: its deliveries are parked',
    examples: [{ command: 'walhook pause crm --reason "migration until 15:00"', why: 'before its maintenance' }],
    notes: ['It stays paused over restarts, until `walhook resume`. Requests under way are finished. Other endpoints and the WAL go on.', WHERE],
    options: [CONFIG, { flags: '--reason <text>', description: 'shown by `walhook status`; without it, the one that was given before stays' }, JSON_OUTPUT],
    stopsOn: [],
    load: async () => (await import('./pause.ts')).pause,
  },
  {
    name: 'resume',
    arguments: [{ name: '<endpoint>', description: 'its name in the configuration' }],
    summary: 'send to a paused or disabled endpoint again',
    examples: [{ command: 'walhook resume crm', why: 'what is parked for it is sent, in order' }],
    notes: [WHERE],
    options: [CONFIG, JSON_OUTPUT],
    stopsOn: [],
    load: async () => (await import('./resume.ts')).resume,
  },
];
