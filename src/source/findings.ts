import type { Config } from '../config.ts';
import { type Finding, warning } from '../finding.ts';
import type { Facts } from './facts.ts';
import { hookFindings } from './hook-findings.ts';
import { identityFindings } from './identity-findings.ts';
import { publicationFindings } from './publication-findings.ts';
import { roleFindings, serverFindings } from './server-findings.ts';
import { scheduleFindings } from './schedule-findings.ts';
import { failoverFindings, slotFindings } from './slot-findings.ts';
import { tableFindings } from './table-findings.ts';

/**
 * Everything that stands in the way of the config, or could go wrong later: errors first, then warnings, then what is
 * good to know. What expressions refer to is checked by those who compile them.
 */
export function findings(config: Config, facts: Facts): Finding[] {
  const all = [
    ...serverFindings(facts),
    ...roleFindings(config, facts),
    ...slotFindings(config, facts),
    ...failoverFindings(config, facts),
    ...publicationFindings(config, facts),
    ...tableFindings(config, facts),
    ...identityFindings(config, facts),
    ...hookFindings(config, facts),
    ...scheduleFindings(config, facts),
    ...endpointFindings(config),
  ];
  const rank = { error: 0, warning: 1, info: 2 };
  return all.toSorted((a, b) => rank[a.severity] - rank[b.severity]);
}

/** What there is to say of the endpoints, whatever is read. */
export function endpointFindings(config: Config): Finding[] {
  return config.endpoints
    // Who may write to a topic, the cluster knows: its readers need no signature.
    .filter((endpoint) => endpoint.signing === null && endpoint.kafka === null)
    .map((endpoint) =>
      warning({
        code: 'unsigned_endpoint',
        message: `endpoint ${endpoint.name} has no signing secret: its receiver cannot tell walhook's requests from anybody else's`,
        fix: `signing: { secrets: ["\${…}"] }  # whsec_ and 32 random bytes in base64: echo "whsec_$(openssl rand -base64 32)"`,
        path: `endpoints.${endpoint.name}.signing`,
      }),
    );
}
