import { expect, test } from 'vitest';
import { formText } from '../../src/format/encode-form.ts';
import { SecretTexts } from '../../src/inspecting/secret-texts.ts';

test('a secret is hidden however a request writes it', () => {
  const secret = `it's "(a)" ~se cret!`;
  const texts = new SecretTexts('hooks: [{ body: { token: "${TOKEN}" } }]', { env: { TOKEN: secret }, readFile: () => '' });
  for (const written of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), formText(secret)]) expect(texts.hide(`token=${written}&a=b`)).toBe('token=***&a=b');
});

const PLAIN = `
tables:
  authors: { key: [user_id], lookup: [country], redacted: "(hidden)", visibility: { passport: passport_shown } }
  app.api_key: { key: ["\${COLUMN}"] }
endpoints:
  auth-service: { url: "https://auth.example.com/hooks", headers: { X-Team: platform, X-Token: of-a-header } }
hooks:
  - name: authors
    table: authors
    to: auth-service
    enrich: { token_owner: "select name from owners", auth: { sql: "select mail from mails" } }
    fields: { rename: { password_hint: reminder } }
    path: /authors/all
`;

test('names of tables, columns, endpoints and lookups hide nothing, whatever they sound like', () => {
  const texts = new SecretTexts(PLAIN, { env: { COLUMN: 'serial_number' }, readFile: () => '' });
  for (const text of ['user_id', 'country', '(hidden)', 'passport_shown', 'serial_number', 'https://auth.example.com/hooks', 'platform', 'select name from owners', 'select mail from mails', 'reminder', '/authors/all'])
    expect(texts.hide(`{"${text}":1}`)).toBe(`{"${text}":1}`);
  expect(texts.hide('of-a-header')).toBe('***');
});

const SECRETS = `
tables:
  authors: { key: [user_id], redacted: "\${REDACTED_TOKEN}\${file:/run/redacted}" }
endpoints:
  auth-service:
    url: "\${AUTH_URL}"
    headers: { Authorization: "Bearer of-auth-service", X-Api-Key: of-api-key, X-Team: "\${TEAM_PASSWORD}" }
    signing: { secrets: [whsec_of-auth-service] }
    oauth2: { client_id: walhook, client_secret: of-client, token_url: "https://example.com/token" }
  headers: { url: "https://example.com/", headers: { Cookie: of-cookie } }
server: { token: of-the-admin-api }
hooks:
  - name: authors
    enrich: { auth: "select '\${file:/run/sql}'", password: { sql: "select '\${DB_SECRET}'" } }
    fields: { set: { api_key: of-fields }, rename: { token: renamed } }
    body: { tables: { token: of-body }, endpoints: { secret: of-endpoints }, enrich: { token: of-enrich }, rename: { token: of-rename } }
tests:
  - row: { password: of-a-test-row }
`;

test('what is secret is hidden, next to such names and below keys that only look like their places', () => {
  const env = { REDACTED_TOKEN: 'of-redacted', AUTH_URL: 'https://me:pw@example.com/', TEAM_PASSWORD: 'of-team', DB_SECRET: 'of-the-database' };
  const texts = new SecretTexts(SECRETS, { env, readFile: (path) => `text of ${path}\n` });
  const secrets = ['Bearer of-auth-service', 'of-api-key', 'whsec_of-auth-service', 'of-client', 'of-cookie', 'of-the-admin-api', 'of-fields', 'of-body', 'of-endpoints', 'of-enrich', 'of-rename', 'of-a-test-row'];
  for (const secret of [...secrets, ...Object.values(env), 'text of /run/redacted', 'text of /run/sql']) expect(texts.hide(`<${secret}>`)).toBe('<***>');
});
