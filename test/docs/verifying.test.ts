import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';

const run = promisify(execFile);

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const OTHER = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;
const BODY = '{"data":{"name":"Zoë <b>"}}';

interface Language {
  /** As the page marks its code. */
  readonly name: string;
  readonly program: string;
  readonly file: string;
  readonly args: readonly string[];
  /** The page's code, and a main that reads requests as lines of JSON, and prints true or false for each. */
  readonly source: (code: string) => string;
}

const LANGUAGES: readonly Language[] = [
  {
    name: 'js',
    program: process.execPath,
    file: 'verify.mjs',
    args: [],
    source: (code) => `${code}
import { readFileSync } from 'node:fs';
for (const { body, headers, secret } of JSON.parse(readFileSync('requests.json', 'utf8'))) console.log(verify(Buffer.from(body), headers, secret));`,
  },
  {
    name: 'python',
    program: 'python3',
    file: 'verify.py',
    args: [],
    source: (code) => `${code}
import json
for r in json.load(open("requests.json", encoding="utf-8")):
    print(str(verify(r["body"].encode(), r["headers"], r["secret"])).lower())`,
  },
  {
    name: 'go',
    program: 'go',
    file: 'verify.go',
    args: ['run'],
    source: (code) => `${code.replace('package webhook', 'package main').replace('import (', 'import (\n\t"encoding/json"\n\t"fmt"\n\t"os"')}
func main() {
	text, _ := os.ReadFile("requests.json")
	var requests []struct { Body string; Headers map[string]string; Secret string }
	if err := json.Unmarshal(text, &requests); err != nil { panic(err) }
	for _, r := range requests {
		fmt.Println(Verify([]byte(r.Body), func(name string) string { return r.Headers[name] }, r.Secret))
	}
}`,
  },
  {
    name: 'ruby',
    program: 'ruby',
    file: 'verify.rb',
    args: [],
    source: (code) => `${code}
require "json"
JSON.parse(File.read("requests.json")).each { |r| puts verify(r["body"], r["headers"], r["secret"]) }`,
  },
];

function isInstalled({ program }: Language): boolean {
  try {
    execFileSync(program, [program === 'go' ? 'version' : '--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

interface Signed {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly secret: string;
}

/** A request as walhook signs it, at a time in seconds from now. */
function signed(age = 0, secret = SECRET): Signed {
  const at = new Date(Date.now() - age * 1_000);
  const signature = new Webhook(secret).sign('id-1', at, BODY);
  return { body: BODY, secret: SECRET, headers: { 'webhook-id': 'id-1', 'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)), 'webhook-signature': signature } };
}

function withSignature(request: Signed, signature: string): Signed {
  return { ...request, headers: { ...request.headers, 'webhook-signature': signature } };
}

const genuine = signed();
const signature = genuine.headers['webhook-signature'] ?? '';
const CASES: readonly (readonly [string, Signed, boolean])[] = [
  ['a genuine request', genuine, true],
  ['one of two signatures, while a secret is rotated', withSignature(genuine, `${signed(0, OTHER).headers['webhook-signature'] ?? ''} ${signature}`), true],
  ['a body that was changed', { ...genuine, body: BODY.replace('b', 'i') }, false],
  ['another id', { ...genuine, headers: { ...genuine.headers, 'webhook-id': 'id-2' } }, false],
  ['another secret', signed(0, OTHER), false],
  ['an old request', signed(600), false],
  ['one from the future', signed(-600), false],
  ['no headers', { ...genuine, headers: {} }, false],
  ['a time that is none', { ...genuine, headers: { ...genuine.headers, 'webhook-timestamp': 'now' } }, false],
  ['a signature of another kind', withSignature(genuine, signature.replace('v1,', 'v2,')), false],
  ['an empty signature', withSignature(genuine, ''), false],
];

describe('docs/guarantees.md: verifying signatures', () => {
  // Node is always there; of the others, those that this machine has.
  test.for(LANGUAGES.filter(isInstalled))('the code in $name takes what is genuine, and nothing else', { timeout: 120_000 }, async ({ name, program, file, args, source }, { onTestFinished }) => {
    const page = await readFile(resolve(import.meta.dirname, '../../docs/guarantees.md'), 'utf8');
    const code = new RegExp(`^\`\`\`${name}\\n(.*?)^\`\`\`$`, 'ms').exec(page)?.[1] ?? '';
    expect(code).toMatch(/verify/i);
    const folder = await mkdtemp(join(tmpdir(), 'walhook-verifying-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, file), source(code));
    await writeFile(join(folder, 'requests.json'), JSON.stringify(CASES.map(([, request]) => request)));
    const { stdout } = await run(program, [...args, file], { cwd: folder, env: { ...process.env, GO111MODULE: 'off', GOFLAGS: '' } });
    expect(Object.fromEntries(CASES.map(([what], index) => [what, stdout.split('\n')[index]]))).toEqual(Object.fromEntries(CASES.map(([what, , wanted]) => [what, String(wanted)])));
  });
});
