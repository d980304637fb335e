import { constant } from './constant.ts';
import { mapOf, section, sectionOrNone, shaped } from './kinds.ts';
import { headerNameFault } from './headers.ts';
import { identifierFault } from './names.ts';
import { choice, textOf } from './scalars.ts';

/** An entry of `tests`: what a hook is to make of a change to one row. */

const text = textOf((value) => ({ value }));
/** Any value, as JSON text. */
const json = shaped(constant, () => ({}));
const columns = mapOf(json, identifierFault);

const expectation = sectionOrNone({
  method: text.optional().meta({ description: 'The method, `PUT`.' }),
  url: text.optional().meta({ description: 'The whole URL, a password in it as `***`.' }),
  path: text.optional().meta({ description: 'The path of the URL, with its query.' }),
  headers: mapOf(shaped(headerText, () => ({ title: 'text or null', type: ['string', 'null'] })), headerNameFault)
    .prefault({})
    .meta({ description: 'Headers, whose case does not count; a secret one is `***`. `null`: it is not there.' }),
  body: json.optional().meta({ description: 'The body. Of `encoding: form`, its text.' }),
  data: json.optional().meta({ description: 'The same as `body: { data: … }`.' }),
  redacted: json.optional().meta({ description: 'The same as `body: { redacted: … }`.' }),
  meta: json.optional().meta({ description: 'The same as `body: { meta: … }`.' }),
});

export const test = section({
  hook: textOf((value) => (value === '' ? { refused: 'the name of a hook is missing' } : { value })).meta({ description: 'The hook that is tested.' }),
  name: text.optional().meta({ description: 'What it is called in the output. Default: by its operation.' }),
  row: columns.meta({
    description:
      'The row after the change, of a delete the deleted one: its columns, each as it stands in the `data` of an event; those that are left out are null. A column may bear the name that `fields.rename` gives it, and what `fields.set` adds is passed over. A flag of `visibility` that is left out hides the field that has the `redacted` text, and shows any other.',
  }),
  old: columns.optional().meta({ description: 'Before an update: the columns that were different. Default: the row before is not known, as where the WAL does not have it.' }),
  operation: choice(['insert', 'update', 'visibility_update', 'delete']).optional().meta({ description: 'What is done to the row. Default: an update if there is `old`, else what the hook takes first.' }),
  enrich: mapOf(json, () => null)
    .prefault({})
    .meta({ description: 'What the lookups of the hook find, by their names: no query is run. One that is left out finds nothing: null, or `[]` with `many`.' }),
  expect: expectation.meta({
    description:
      '`null` or `false`: nothing is sent. Else what must hold of the request to each endpoint of the hook: what is given must be there, and there may be more. A mapping must be contained in the one that is sent, entry by entry; a list must be as long, item by item; numbers are compared by value, all else must be equal.',
  }),
});

function headerText(node: unknown): ReturnType<typeof constant> {
  const reading = constant(node);
  return 'refused' in reading || /^(?:"|null$)/.test(reading.value) ? reading : { refused: 'expected text, or null: put it in quotes' };
}
