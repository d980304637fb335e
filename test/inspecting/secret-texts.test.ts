import { expect, test } from 'vitest';
import { formText } from '../../src/format/encode-form.ts';
import { SecretTexts } from '../../src/inspecting/secret-texts.ts';

test('a secret is hidden however a request writes it', () => {
  const secret = `it's "(a)" ~se cret!`;
  const texts = new SecretTexts('hooks: [{ body: { token: "${TOKEN}" } }]', { env: { TOKEN: secret }, readFile: () => '' });
  for (const written of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), formText(secret)]) expect(texts.hide(`token=${written}&a=b`)).toBe('token=***&a=b');
});
