import type { VNode } from 'preact';
import { visiblePieces } from '../text/visible.ts';

/** Text from outside (rows, responses, messages): only ever as text, its direction kept to itself, and nothing hidden in it. */
export function Raw({ text, most = 400 }: { readonly text: string; /** Characters; the rest is left out. */ readonly most?: number }): VNode {
  const shown = text.length > most ? `${text.slice(0, most)}…` : text;
  return (
    <bdi class="raw">
      {visiblePieces(shown).map((piece) =>
        piece.hidden ? (
          <span class="hidden-character" title="a character that does not show">
            {piece.text}
          </span>
        ) : (
          piece.text
        ),
      )}
    </bdi>
  );
}
