import type { VNode } from 'preact';
import type { DraftProblem } from '../../src/inspection.ts';

interface EditorProps {
  readonly text: string;
  readonly label: string;
  readonly problems: readonly DraftProblem[];
  readonly onText: (text: string) => void;
}

/** YAML to edit, with its line numbers, and at a wrong line what is wrong with it. */
export function Editor({ text, label, problems, onText }: EditorProps): VNode {
  const lines = text.split('\n');
  return (
    <div class="editor" data-wrong={problems.length > 0}>
      <ol class="gutter" aria-hidden="true">
        {lines.map((code, i) => {
          const here = problems.filter(({ line }) => line === i + 1 || (line > lines.length && i === lines.length - 1));
          return (
            <li class={here.length === 0 ? '' : 'wrong'}>
              {here.length === 0 ? null : <span style={{ '--end': code.length }}>{here.map(({ message }) => message).join('; ')}</span>}
            </li>
          );
        })}
      </ol>
      <textarea
        aria-label={label}
        aria-invalid={problems.length > 0}
        value={text}
        rows={lines.length + 1}
        wrap="off"
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => onText(event.currentTarget.value)}
        onKeyDown={indent}
      />
      {problems.length === 0 ? null : (
        <ul class="editor-problems" role="alert">
          {problems.map(({ line, column, message }) => (
            <li>
              line {line}, column {column}: {message}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Tab indents, as YAML wants it; Escape gives the key back to the page. */
function indent(event: KeyboardEvent): void {
  if (event.key !== 'Tab' || event.shiftKey || !(event.currentTarget instanceof HTMLTextAreaElement)) return;
  event.preventDefault();
  const area = event.currentTarget;
  area.setRangeText('  ', area.selectionStart, area.selectionEnd, 'end');
  area.dispatchEvent(new Event('input', { bubbles: true }));
}
