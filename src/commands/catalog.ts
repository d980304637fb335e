import type { CommandSpec, OptionSpec } from './command.ts';

const CONFIG: OptionSpec = { flags: '-c, --config <file>', description: 'the configuration', default: 'walhook.yaml' };
const JSON_OUTPUT: OptionSpec = { flags: '--json', description: 'print JSON, for scripts' };

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
      { flags: '-t, --table <name>', description: 'a table: profiles, or app.profiles; may be given several times', list: true },
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
      { command: 'walhook healthcheck', why: 'is it alive?' },
      { command: 'walhook healthcheck --ready', why: 'is it streaming, with no problems?' },
    ],
    notes: [],
    options: [CONFIG, { flags: '--ready', description: 'ask /readyz instead of /healthz' }],
    stopsOn: [],
    load: async () => (await import('./healthcheck.ts')).healthcheck,
  },
];
