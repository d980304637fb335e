import { expect, test } from 'vitest';
import { MaskedText } from '../../src/config/masked-text.ts';

const FILE = `version: 1
source: { url: "postgres://me:hunter2@db/app" }
server: { token: abcdefabcdefabcdef }
tracing: { url: https://traces.example, headers: { X-Team: hunter8 } }
endpoints:
  crm:
    url: https://crm.example/x?token=hunter3
    headers:
      X-Plain: hunter4   # said in plain
      X-Ref: \${REF}
      X-Long: |
        hunter5
        hunter5
    signing: { secrets: ["whsec_aHVudGVyNmh1bnRlcjZodW50ZXI2aHVudGVyNg==", "\${OLD}"] }
hooks:
  - name: one
    table: people   # of the app
    when: row.country == '\${COUNTRY}'
    headers: { X-Other: hunter7 }
  - { name: two, table: people, to: crm }
`;

test('the file as it stands, without its secrets', () => {
  const { whole } = new MaskedText(FILE);
  expect(whole).not.toMatch(/hunter|aHVudGVy|abcdef/);
  expect(whole.split('\n')).toHaveLength(FILE.split('\n').length);
  for (const line of ['version: 1', 'source: { url: "postgres://***@db/app" }', '      X-Ref: ${REF}', '    table: people   # of the app', '    signing: { secrets: ["***", "${OLD}"] }']) expect(whole.split('\n')).toContain(line);
});

test('a hook as it stands, without its indentation', () => {
  const masked = new MaskedText(FILE);
  expect(masked.hook(0)).toEqual({ yaml: `name: one\ntable: people   # of the app\nwhen: row.country == '\${COUNTRY}'\nheaders: { X-Other: "***" }`, when: `row.country == '\${COUNTRY}'` });
  expect(masked.hook(1)).toEqual({ yaml: '{ name: two, table: people, to: crm }', when: null });
  expect(masked.hook(2)).toBeNull();
});

test('of what is no YAML the keys alone', () => {
  const { whole } = new MaskedText('endpoints:\n  crm:\n    headers: { X: hunter2\n    - name: hunter3\n  hunter4 hunter5\n');
  expect(whole).toBe('endpoints:\n  crm:\n    headers: ***\n    - name: ***\n  ***\n');
});
