import type { CommandSpec, OptionSpec } from './command.ts';

const CONFIG: OptionSpec = { flags: '-c, --config <file>', description: 'the configuration', default: 'walhook.yaml' };
const JSON_OUTPUT: OptionSpec = { flags: '--json', description: 'print JSON, for scripts' };

/** Which deliveries are meant. */
const NARROWING: readonly OptionSpec[] = [
  { flags: '--endpoint <name>', description: 'those of one endpoint' },
  { flags: '--hook <name>', description: 'those of one hook' },
  { flags: '-t, --table <name>', description: 'those of one table: profiles, or app.profiles', list: true },
];
const BULK: readonly OptionSpec[] = [
  ...NARROWING,
  { flags: '--all', description: 'all of them' },
  { flags: '--dry-run', description: 'only count' },
  { flags: '--yes', description: 'do not ask' },
];

const WHERE = 'The running daemon does it, asked on `server.listen`. If none runs it is done in the database, and the next one starts from there.';

/** Every command, in the order in which help and README show them. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'demo',
    arguments: [],
    summary: 'see the whole thing work, with nothing installed',
    examples: [
      { command: 'walhook demo', why: 'watch rows become webhooks, then write rows yourself; Ctrl-C ends it' },
      { command: 'walhook demo --once', why: 'end with 0 once every kind of event has been delivered and verified' },
    ],
    notes: ['A Postgres of its own, a sample table with visibility flags, a receiver that verifies signatures, and walhook in between. Everything it makes is in a temporary folder and is gone afterwards, however it ends.'],
    options: [{ flags: '--once', description: 'end after every kind of event has been delivered' }],
    stopsOn: ['SIGINT', 'SIGTERM', 'SIGHUP'],
    load: async () => (await import('./demo.ts')).demo,
  },
  {
    name: 'listen',
    arguments: [{ name: '<url>', description: 'the database, postgres://user:password@host:5432/db' }],
    summary: 'print the events of a real database, and leave nothing behind',
    examples: [
      { command: 'walhook listen postgres://localhost/app --table profiles', why: 'print what happens to a table' },
      {
        command: 'walhook listen "$DATABASE_URL" --table profiles --table app.orders --forward-to http://localhost:3000/hooks',
        why: 'send it to a program under development as well',
      },
    ],
    notes: [
      'It reads from a temporary slot, which Postgres drops with the connection, and makes one publication, walhook_listen_…, which it drops when it ends. What a killed listen left is dropped by the next one. Nothing else in the database is changed.',
      'Every request is signed; the secret is printed at the start. If the connection to the database breaks, what changes until it is back is not shown.',
    ],
    options: [
      { flags: '-t, --table <name>', description: 'a table: profiles, or app.profiles; may be given several times', list: true, required: true },
      { flags: '--forward-to <url>', description: 'send the webhooks there, loopback and private networks included' },
      { flags: '--json', description: 'print one JSON object a line' },
    ],
    stopsOn: ['SIGINT', 'SIGTERM', 'SIGHUP'],
    load: async () => (await import('./listen.ts')).listen,
  },
  {
    name: 'check',
    arguments: [],
    summary: 'find everything that could go wrong, each with its fix',
    examples: [
      { command: 'walhook check', why: 'before the first run, and after each change' },
      { command: 'walhook check -c production.yaml --json', why: 'in a pipeline' },
    ],
    notes: ['Validates the file, then the database against it: server, role, slot, publication, tables, keys, replica identities, and the types in every expression. Changes nothing.', 'Exit codes: 0 nothing found, or warnings alone; 3 an error in what the database has; 69 the database cannot be reached; 78 an error in the file.'],
    options: [CONFIG, JSON_OUTPUT],
    stopsOn: [],
    load: async () => (await import('./check.ts')).check,
  },
  {
    name: 'plan',
    arguments: [],
    summary: 'print the SQL that `setup` would run',
    examples: [
      { command: 'walhook plan', why: 'what is missing in the database' },
      { command: 'walhook plan | psql "$ADMIN_URL"', why: 'let an administrator run it' },
      { command: 'walhook plan --role walhook', why: 'with a role for walhook that may do no more than it must' },
    ],
    notes: ['Changes nothing.'],
    options: [CONFIG, { flags: '--role <name>', description: 'also the SQL of a least-privilege role of this name' }, JSON_OUTPUT],
    stopsOn: [],
    load: async () => (await import('./plan.ts')).plan,
  },
  {
    name: 'setup',
    arguments: [],
    summary: 'prepare the database: publication, slot, state schema, identities',
    examples: [{ command: 'walhook setup', why: 'prepare the database; what is there already stays' }],
    notes: [
      'Prints each statement before it runs. May be run again at any time. `run` does the same at its start, unless the file says `manage: false`.',
      'It needs a role that may do this. `walhook plan --role` has the SQL of one for `run` that may do less.',
    ],
    options: [CONFIG],
    stopsOn: [],
    load: async () => (await import('./setup.ts')).setup,
  },
  {
    name: 'run',
    arguments: [],
    summary: 'the daemon: tail the database and deliver webhooks',
    examples: [
      { command: 'walhook run', why: 'with walhook.yaml of this folder' },
      { command: 'walhook run -c /etc/walhook/walhook.yaml --log-level debug', why: 'under a service manager' },
    ],
    notes: [
      'SIGTERM and SIGINT drain: it stops reading, finishes what is in flight, stores how far it came, and exits with 0, or with 1 if that could not be done within `limits.shutdown`. A second one ends it at once with 1; nothing is lost, what was in flight is sent again after the next start.',
      'Logs are JSON on stdout, and easier to read on a terminal. They hold no row values and no secrets.',
    ],
    options: [
      CONFIG,
      {
        flags: '--log-level <level>',
        description: 'how much to log',
        default: 'info',
        choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
        env: 'WALHOOK_LOG_LEVEL',
      },
    ],
    stopsOn: ['SIGINT', 'SIGTERM'],
    load: async () => (await import('./run.ts')).run,
  },
  {
    name: 'status',
    arguments: [],
    summary: 'endpoints, queues, parked and dead deliveries, lag, slot',
    examples: [
      { command: 'walhook status', why: 'how the daemon is doing' },
      { command: 'walhook status --json', why: 'the same for scripts' },
    ],
    notes: ['Asks the daemon and the database. Exit codes: 0 the daemon runs; 1 it does not, and what is shown comes from the database alone; 69 neither answers.'],
    options: [CONFIG, JSON_OUTPUT],
    stopsOn: [],
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'render',
    arguments: [{ name: '<hook>', description: 'its name in the configuration' }],
    summary: 'the exact request that a hook makes of a row',
    examples: [
      { command: 'walhook render crm-profiles', why: 'of the first row of its table' },
      { command: 'walhook render crm-profiles --key 42 --operation delete', why: 'of a row, as if it were deleted' },
      { command: `walhook render crm-profiles --key region=eu --key id=42 --old '{"email":"old@example.com"}'`, why: 'of an update, from what the row was to what it is' },
      { command: 'walhook render crm-profiles --key 42 --send', why: 'send it, once, and show the answer' },
    ],
    notes: [
      'Reads the row as it is now, looks up what `enrich` says, and shows method, URL, headers, secrets masked, and body. Hidden values are redacted. Nothing is written in the database, and it makes no difference whether the daemon runs. What the event alone would say is an example: webhook-id, LSN, time, and a transaction of 0.',
      'Conditions (`events`, `changed`, `when`, `entering`) are told, and it is rendered all the same. An update without `--old` is rendered as where the WAL does not have the row before.',
      'Exit codes: 0 rendered, and with `--send` delivered; 1 not delivered, no such row, or an expression that fails.',
    ],
    options: [
      CONFIG,
      { flags: '--key <value>', description: 'the key of the row: 42, or id=42; given once for each column', list: true },
      { flags: '--operation <kind>', description: 'what is done to the row; default: an update with --old, else what the hook takes first', choices: ['insert', 'update', 'visibility_update', 'delete'] },
      { flags: '--old <json>', description: 'the columns that were different before an update; or @ and the name of a file that has them' },
      { flags: '--endpoint <name>', description: 'for this one alone of its endpoints' },
      { flags: '--send', description: 'send it to the endpoints, and show what they answer' },
      { flags: '--curl', description: 'print it as a curl command' },
      JSON_OUTPUT,
    ],
    stopsOn: [],
    load: async () => (await import('./render.ts')).render,
  },
  {
    name: 'send',
    arguments: [{ name: '<endpoint>', description: 'its name in the configuration' }],
    summary: 'a signed test request to an endpoint, with its answer',
    examples: [
      { command: 'walhook send crm', why: 'does it answer, and take the signature?' },
      { command: `walhook send crm --data '{"type":"contact","id":7}'`, why: 'with a body of your own' },
      { command: 'walhook send crm --hook crm-profiles --data @profile.json', why: 'as a hook sends it, with the body of a file' },
    ],
    notes: [
      'Sends one request, as the daemon would: with the headers, secrets, token, certificates and networks of the endpoint. Shows what was sent, secrets masked, and what came back. Needs no database, and stores nothing.',
      'Without `--data` the body says that it is a test: {"type":"walhook.test", …}. With `--hook`, method, path, headers and encoding are those of the hook, where they have no expressions.',
      'Exit codes: 0 the answer means delivered; 1 it does not, or none came.',
    ],
    options: [
      CONFIG,
      { flags: '--data <json>', description: 'the body, as JSON; or @ and the name of a file that has it' },
      { flags: '--hook <name>', description: 'send it as this hook does' },
      JSON_OUTPUT,
    ],
    stopsOn: [],
    load: async () => (await import('./send.ts')).send,
  },
  {
    name: 'deliveries',
    arguments: [],
    summary: 'list what is parked and what is dead',
    examples: [
      { command: 'walhook deliveries', why: 'the latest, and why they failed' },
      { command: 'walhook deliveries --dead --endpoint crm', why: 'what crm will never get by itself' },
      { command: 'walhook deliveries --parked --table profiles --json', why: 'for scripts' },
    ],
    notes: ['Parked deliveries wait and will be sent; dead ones gave up, and are kept until they are replayed or discarded. What was delivered is not kept.'],
    options: [
      CONFIG,
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
    summary: 'all that is kept of a parked or dead delivery',
    examples: [{ command: 'walhook show 00000000016f3b28-0-i-3f0c1a9be2d45a77', why: 'its attempts, the last response, its body' }],
    notes: ['Prints the body, and so the values of a row. What was hidden when the row changed is hidden here as well.'],
    options: [CONFIG, JSON_OUTPUT],
    stopsOn: [],
    load: async () => (await import('./show.ts')).show,
  },
  {
    name: 'replay',
    arguments: [{ name: '[id...]', description: 'webhook-ids of dead letters' }],
    summary: 'send dead letters again, with the same id and body',
    examples: [
      { command: 'walhook replay 00000000016f3b28-0-i-3f0c1a9be2d45a77', why: 'one of them' },
      { command: 'walhook replay --endpoint crm --dry-run', why: 'how many there are' },
      { command: 'walhook replay --endpoint crm', why: 'all of an endpoint, after a yes' },
      { command: 'walhook replay --all --yes', why: 'all of them, from a script' },
    ],
    notes: [
      'A dead letter is parked again, without attempts and due at once. It keeps its place in the order of its row: it goes before what is still parked of that row, but what was delivered meanwhile was delivered before it.',
      WHERE,
    ],
    options: [CONFIG, ...BULK, JSON_OUTPUT],
    stopsOn: [],
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
    notes: ['What is discarded is never sent. A parked delivery that is being sent at this moment is sent all the same.', WHERE],
    options: [CONFIG, { flags: '--parked', description: 'parked deliveries instead of dead letters' }, ...BULK, JSON_OUTPUT],
    stopsOn: [],
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
  {
    name: 'resync',
    arguments: [],
    summary: 'say what a lost slot or publication cost, and go on without it',
    examples: [
      { command: 'walhook resync', why: 'which changes are missing: from where, to where' },
      { command: 'walhook resync --accept-gap', why: 'go on without them' },
    ],
    notes: [
      'When the stream cannot go on where it was left (the slot was dropped, made anew or invalidated, the publication was dropped or altered, the database is another one), `run` stops and names the gap. It never skips it by itself; this is the only way on.',
      'What is parked or dead stays, and is sent before anything new. Exit codes: 0 nothing is lost, or the gap is accepted; 3 something is lost, and nothing was changed; 69 a daemon reads the slot.',
    ],
    options: [CONFIG, { flags: '--accept-gap', description: 'go on without the changes in the gap' }, JSON_OUTPUT],
    stopsOn: [],
    load: async () => (await import('./resync.ts')).resync,
  },
  {
    name: 'schema',
    arguments: [],
    summary: 'print the JSON Schema of walhook.yaml, for editors',
    examples: [{ command: 'walhook schema > walhook.schema.json', why: 'for completion and errors in an editor' }],
    notes: ['The first line of walhook.yaml tells the editor: `# yaml-language-server: $schema=./walhook.schema.json`'],
    options: [],
    stopsOn: [],
    load: async () => (await import('./schema.ts')).schema,
  },
  {
    name: 'healthcheck',
    arguments: [],
    summary: 'exit with 0 if the daemon is healthy, else with 1: for Docker',
    examples: [
      { command: 'walhook healthcheck', why: 'does it answer? for what restarts it' },
      { command: 'walhook healthcheck --ready', why: 'is it streaming, with no problems? for alerts' },
    ],
    notes: [
      'Healthy: the process answers. Ready: it streams, and nothing is wrong with it; else the reasons are told. While the source or the state database is down it is healthy, but not ready, since a restart would not help; so is one that starts, drains or stands by.',
      'Endpoints that fail, are paused or disabled make walhook neither unhealthy nor unready: their deliveries are parked, and `walhook status` tells of them.',
    ],
    options: [CONFIG, { flags: '--ready', description: 'ask /readyz instead of /healthz' }],
    stopsOn: [],
    load: async () => (await import('./healthcheck.ts')).healthcheck,
  },
];
