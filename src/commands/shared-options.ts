import type { OptionSpec } from './command.ts';

export const CONFIG: OptionSpec = { flags: '-c, --config <file>', description: 'the configuration', default: 'walhook.yaml' };
export const JSON_OUTPUT: OptionSpec = { flags: '--json', description: 'print JSON, for scripts' };
