import * as z from 'zod';

/**
 * A schema of what the vocabulary calls `T`: its keys are those of the type, no more and no fewer, and each schema gives what the type
 * has there. The compiler says so where one of them changes.
 *
 * @param id what OpenAPI calls it.
 */
export function mirror<T extends object>() {
  return <S extends { readonly [K in keyof T]-?: z.ZodType<T[K]> }>(id: string, shape: S & Readonly<Record<Exclude<keyof S, keyof T>, never>>) =>
    z.strictObject(shape).meta({ id });
}

/** ISO 8601. */
export const When = z.iso.datetime({ offset: true });
export const Count = z.int().min(0);
export const Milliseconds = z.number().meta({ description: 'Milliseconds.' });
/** Texts by name. */
export const Texts = z.record(z.string(), z.string());
export const Counts = z.record(z.string(), Count);
