import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** Every page that a reader may come to, as a path in the repository. */
export function pages(): string[] {
  const found = ['README.md', 'CHANGELOG.md', 'SECURITY.md'].filter((path) => existsSync(join(ROOT, path)));
  for (const folder of ['docs', 'examples', 'deploy']) {
    for (const path of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) if (path.endsWith('.md')) found.push(join(folder, path));
  }
  return found.toSorted();
}

export function textOf(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

/** A fenced block. */
export interface Block {
  readonly page: string;
  readonly line: number;
  /** Empty where none is said. */
  readonly language: string;
  /** Without the indentation of the fence. */
  readonly text: string;
}

export function blocksOf(page: string): Block[] {
  const text = textOf(page);
  return [...text.matchAll(/^( *)```([\w-]*)[^\n]*\n(.*?)^\1```$/gms)].map(({ index, 1: indent = '', 2: language = '', 3: body = '' }) => ({
    page,
    line: text.slice(0, index).split('\n').length,
    language,
    text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^( *)```.*?^\1```$/gms, '');
}

/** The names that GitHub gives to headings: https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#section-links */
export function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutBlocks(textOf(page)).matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const slug = heading
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    let name = slug;
    for (let n = 1; anchors.has(name); n++) name = `${slug}-${n}`;
    anchors.add(name);
  }
  for (const [, name = ''] of textOf(page).matchAll(/<a (?:id|name)="([^"]+)">/g)) anchors.add(name);
  return anchors;
}

/** What is wrong with a link that a page has, null if nothing is. Links to elsewhere are not looked at. */
export function linkTrouble(page: string, link: string): string | null {
  if (/^[a-z][a-z+.-]*:/i.test(link)) return null;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : relative(ROOT, resolve(ROOT, dirname(page), path));
  if (target.startsWith('..') || !existsSync(join(ROOT, target))) return `${page}: ${link}: there is no ${target}`;
  if (anchor === undefined || !target.endsWith('.md')) return null;
  return anchorsOf(target).has(anchor) ? null : `${page}: ${link}: ${target} has no such heading`;
}

export function linksOf(page: string): string[] {
  const text = withoutBlocks(textOf(page)).replaceAll(/`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
}

/** A command line of walhook, without `walhook`. */
export interface Mention {
  readonly text: string;
  /** In a sentence: it may be no more than the beginning of one. */
  readonly isPassing: boolean;
}

/** Of shell blocks, of `$` lines of a terminal, and of code in a sentence. */
export function commandsOf(page: string): Mention[] {
  const lines = blocksOf(page).flatMap(({ language, text }) => {
    const joined = text.replaceAll(/\\\n */g, '').split('\n');
    if (language === 'console') return joined.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2));
    return language === 'sh' || language === '' ? joined : [];
  });
  const passing = [...withoutBlocks(textOf(page)).matchAll(/`(walhook [^`\n]+)`/g)].map((match) => match[1] ?? '');
  return [...lines.flatMap((line) => commandsIn(line, false)), ...passing.flatMap((line) => commandsIn(line, true))];
}

/** Not of what the daemon prints: `walhook 0.1.0 is streaming`. */
function commandsIn(line: string, isPassing: boolean): Mention[] {
  return [...line.matchAll(/(?:^|[|&;(]\s*|exec walhook )walhook ((?!is |<command>|[\d:=])[^…]*)$/g)].map((match) => ({ text: (match[1] ?? '').trim(), isPassing }));
}

/** Splits a command line as a shell does, up to a pipe, a redirection, a comment, or what follows it. A placeholder is a word: `<id>`; what is optional is there. */
export function wordsOf(command: string): string[] {
  const text = command.replaceAll(/<([a-z][\w-]*)>/g, '$1').replaceAll(/\[([^\]"']*)\]/g, '$1');
  const words: string[] = [];
  for (const [word, end] of text.matchAll(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\|&;<>()#]|(?<=\S)#)+|([|&;<>()#])/g)) {
    if (end !== undefined) break;
    words.push(word.replaceAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g, (_, double: string | undefined, single: string | undefined) => double ?? single ?? ''));
  }
  return words;
}
