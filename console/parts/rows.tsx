import type { ComponentChildren, VNode } from 'preact';
import { go } from '../place/place.ts';

export interface Column<Row> {
  readonly name: string;
  /** `number`: to the right. `wide`: takes what is left, and a line of its own where the page is narrow. */
  readonly kind?: 'number' | 'wide' | 'action';
  readonly cell: (row: Row) => ComponentChildren;
}

interface RowsProps<Row> {
  /** What the rows are, for those who do not see the page. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly id: (row: Row) => string;
  /** Where a row leads. */
  readonly open?: (row: Row) => string;
  readonly selected?: (row: Row) => boolean;
  readonly stale?: boolean;
  /** Instead of the table where there are no rows. */
  readonly empty: ComponentChildren;
}

/** A table whose rows open, by click and by key. Where the page is narrow each row becomes a few lines. */
export function Rows<Row>({ label, columns, rows, id, open, selected, stale = false, empty }: RowsProps<Row>): VNode {
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    <div class="table">
      <table class="rows" aria-label={label} data-stale={stale}>
        <thead>
          <tr>
            {columns.map(({ name, kind = '' }) => (
              <th scope="col" class={kind}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              key={id(row)}
              data-row={id(row)}
              tabIndex={-1}
              class={open === undefined ? '' : 'opens'}
              aria-selected={selected?.(row) ?? false}
              onClick={(event) => {
                if (open !== undefined && !isForItself(event)) go(open(row));
              }}
            >
              {columns.map(({ name, kind = '', cell }) => (
                <td class={kind} data-name={name}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A click on a button in the row, or one that ends a selection of text, opens nothing. */
function isForItself(event: Event): boolean {
  if (event.target instanceof Element && event.target.closest('a, button, input, select') !== null) return true;
  return (getSelection()?.toString() ?? '') !== '';
}
