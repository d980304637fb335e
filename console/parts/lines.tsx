import type { VNode } from 'preact';
import type { DraftProblem } from '../../src/inspection.ts';
import type { DiffLine } from '../text/line-diff.ts';
import { Raw } from './raw.tsx';

const SIGNS = { same: ' ', added: '+', removed: '−' } as const;

/** A file with its line numbers, and what is wrong with it below the lines that it is about. */
export function Lines({ text, problems, label }: { readonly text: string; readonly problems?: readonly DraftProblem[]; readonly label: string }): VNode {
  return (
    <ol class="lines" aria-label={label} tabIndex={0}>
      {text.replace(/\n$/, '').split('\n').map((line, i) => {
        const here = (problems ?? []).filter((problem) => problem.line === i + 1);
        return (
          <li class={here.length === 0 ? '' : 'wrong'} id={`line-${i + 1}`}>
            <code>
              <Raw text={line} most={2_000} />
            </code>
            {here.map((problem) => (
              <p class="problem">
                <Raw text={problem.path === '' ? problem.message : `${problem.path}: ${problem.message}`} />
              </p>
            ))}
          </li>
        );
      })}
    </ol>
  );
}

/** What differs, with the lines around it left in. */
export function Diff({ lines, label }: { readonly lines: readonly DiffLine[]; readonly label: string }): VNode {
  return (
    <ol class="lines diff" aria-label={label} tabIndex={0}>
      {lines.map(({ kind, text }) => (
        <li class={kind}>
          <span class="sign">{SIGNS[kind]}</span>
          <code>
            <Raw text={text} most={2_000} />
          </code>
        </li>
      ))}
    </ol>
  );
}
