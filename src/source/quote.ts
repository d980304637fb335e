/** An identifier as SQL writes it, always quoted. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function qualified(relation: { readonly schema: string; readonly table: string }): string {
  return `${identifier(relation.schema)}.${identifier(relation.table)}`;
}

/** A string as SQL writes it, whatever standard_conforming_strings says. */
export function literal(text: string): string {
  const doubled = text.replaceAll("'", "''");
  return text.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}

/** `schema.table` as people write it: without quotes, and without the schema that is everybody's. */
export function tableName(relation: { readonly schema: string; readonly table: string }): string {
  return relation.schema === 'public' ? relation.table : `${relation.schema}.${relation.table}`;
}
