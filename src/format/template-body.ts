import type { Template } from '../template.ts';
import type { TemplateCompiler } from './template-compiler.ts';
import { compileJson, type WriteJson } from './template-json.ts';
import { LEFT_OUT } from './template-leaf.ts';
import type { TemplateScope } from './template-scope.ts';
import { Unrenderable } from './unrenderable.ts';

/** The bodies that a hook's `body` says. */
export class TemplateBody {
  readonly contentType = 'application/json';
  readonly #json: string | WriteJson;

  constructor(template: Template, { compiler, omitNull }: { readonly compiler: TemplateCompiler; readonly omitNull: boolean }) {
    this.#json = compileJson(template, { compiler, omitNull, option: 'body' });
  }

  /** The body's JSON for the event in scope. Throws an Unrenderable. */
  build(scope: TemplateScope): string {
    if (typeof this.#json === 'string') return this.#json;
    const json = this.#json(scope);
    if (json === LEFT_OUT) throw new Unrenderable('body: the WAL does not carry it (it does with REPLICA IDENTITY FULL)');
    return json;
  }
}
