import type { FoundColumn, FoundTable } from './init-tables.ts';

/** What a table's columns seem to be for, by their names and types: to be read by whoever gets the file. */
export interface Guess {
  /** By which receivers may know the row. */
  readonly lookup: readonly string[];
  /** Field and the boolean column that says whether it may be seen. */
  readonly flags: readonly (readonly [field: string, flag: string])[];
  /** A json column that has such flags. */
  readonly privacy: string | null;
  /** It is a tool's own, such as the list of migrations. */
  readonly isInternal: boolean;
}

const LOOKUP = /^(?:e_?mail(?:_?address)?|phone(?:_?number)?|mobile(?:_?(?:phone|number))?|msisdn|user_?name|login|handle|external_?(?:id|key))$/i;
const LOOKUP_TYPE = /^(?:text|character varying|character|citext|public\.citext|uuid|bigint|integer)$/;

/** Ways to name the flag of a field; what is between is the field's name. */
const FLAGS: readonly RegExp[] = [/^(?:is_)?(.+?)_(?:is_)?(?:visible|public|shown)$/i, /^(?:show|display|share|expose)_(.+)$/i, /^visible_(.+)$/i, /^(.+)Visible$/, /^show([A-Z].*)$/];

const PRIVACY = /^(?:privacy|visibility|visible)(?:_?(?:settings|flags|fields|prefs|preferences))?$/i;

/** Lists of migrations, of well-known tools. */
const INTERNAL = /^(?:_?(?:schema|prisma|sqlx|drizzle|sequelize|knex|typeorm|goose|flyway|alembic|ar)_.*|_prisma_migrations|__drizzle_migrations|__EFMigrationsHistory|SequelizeMeta|pgmigrations|migrations?(?:_lock)?|knex_migrations(?:_lock)?|flyway_schema_history|alembic_version|schema_migrations|ar_internal_metadata|django_migrations|databasechangelog(?:lock)?)$/i;

export function guess({ table, columns, primaryKey }: FoundTable): Guess {
  const names = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
  const flags = columns.filter(({ type }) => type === 'boolean').flatMap((column): [string, string][] => {
    const field = flagged(column, names);
    // A key cannot be hidden: it is what a delete says. And `column` has a meaning of its own in the file.
    return field === null || field === 'column' || (primaryKey ?? []).includes(field) ? [] : [[field, column.name]];
  });
  const flagColumns = new Set(flags.map(([, flag]) => flag));
  const firstFlags = [...new Map(flags.filter(([field]) => !flagColumns.has(field)).toReversed()).entries()].toReversed();
  return {
    lookup: columns.filter(({ name, type }) => LOOKUP.test(name) && LOOKUP_TYPE.test(type)).map(({ name }) => name),
    flags: firstFlags,
    privacy: columns.find(({ name, type }) => PRIVACY.test(name) && /^jsonb?$/.test(type))?.name ?? null,
    isInternal: INTERNAL.test(table),
  };
}

/** The field that a boolean column is the flag of; null if it is none. */
function flagged({ name }: FoundColumn, names: ReadonlyMap<string, FoundColumn>): string | null {
  for (const pattern of FLAGS) {
    const field = names.get((pattern.exec(name)?.[1] ?? '').toLowerCase());
    if (field !== undefined && field.name !== name) return field.name;
  }
  return null;
}
