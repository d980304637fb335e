import { basename, dirname, relative, resolve, sep } from 'node:path';
import { forbiddenImport, forbiddenPackage } from './dependency-rule.ts';

/*
 * oxlint loads this file (`jsPlugins` in .oxlintrc.json). The API is ESLint's:
 * https://oxc.rs/docs/guide/usage/linter/js-plugins.html
 * The few types below are what the rules use of it.
 */
interface Context {
  readonly filename: string;
  readonly cwd: string;
  readonly sourceCode: { getAllComments(): readonly Comment[] };
  report(finding: { readonly message: string; readonly node: unknown }): void;
}

interface Comment {
  readonly value: string;
}

interface Literal {
  readonly type: string;
  readonly value?: unknown;
}

interface ImportNode {
  readonly source: Literal | null;
}

type Visitor = Record<string, (node: ImportNode) => void>;

/** Every way to name another module: import, export … from, import(), import type. */
const MODULE_NODES = ['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration', 'ImportExpression', 'TSImportType'];

const dependencyRule = {
  create(context: Context): Visitor {
    const from = relative(context.cwd, context.filename).split(sep).join('/');
    const inspect = (node: ImportNode): void => {
      const source = node.source;
      if (source === null || typeof source.value !== 'string') return;
      const reason = source.value.startsWith('.')
        ? forbiddenImport(from, fromRoot(context, source.value))
        : forbiddenPackage(from, source.value);
      if (reason !== null) context.report({ message: reason, node: source });
    };
    return Object.fromEntries(MODULE_NODES.map((type) => [type, inspect]));
  },
};

/** A barrel hides where a name lives and drags in everything beside it. */
const noBarrel = {
  create(context: Context): Visitor {
    return {
      Program(node) {
        if (basename(context.filename) === 'index.ts') {
          context.report({ message: 'no index.ts: name the file for the one thing it holds', node });
        }
      },
      ExportAllDeclaration(node) {
        context.report({ message: 'no export * from: import a name from the file it lives in', node });
      },
    };
  },
};

/** `oxlint-disable-next-line rule -- why`: the why is not optional. */
const reasonedException = {
  create(context: Context): Visitor {
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments()) {
          if (!/^\s*(?:ox|es)lint-disable/.test(comment.value) || / -- \S/.test(comment.value)) continue;
          context.report({ message: 'an exception says why: `-- reason` after the rule', node: comment });
        }
      },
    };
  },
};

function fromRoot(context: Context, specifier: string): string {
  return relative(context.cwd, resolve(dirname(context.filename), specifier)).split(sep).join('/');
}

export default {
  meta: { name: 'walhook' },
  rules: { 'dependency-rule': dependencyRule, 'no-barrel': noBarrel, 'reasoned-exception': reasonedException },
};
