import { EXIT } from '../errors.ts';
import { checkFindings, checkKafkaSource } from './check-findings.ts';
import type { Verb } from './command.ts';
import { findingsText } from './findings-text.ts';
import { readConfigWithPlaces } from './read-config.ts';
import { paint } from './terminal.ts';

/** `walhook check`: the file, then the database against it. Of a Kafka source there is none but the state's. */
export const check: Verb = async ({ options }) => {
  const { config, places } = readConfigWithPlaces(options.config);
  const findings = config.source.kafka === null ? (await checkFindings(config, places)).findings : await checkKafkaSource(config, places);
  const ok = !findings.some(({ severity }) => severity === 'error');
  process.stdout.write(options.json === true ? `${JSON.stringify({ ok, findings }, null, 2)}\n` : findingsText(findings, options.config, paint));
  return ok ? EXIT.ok : EXIT.checkFailed;
};
