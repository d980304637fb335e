import type { HookReport } from '../../src/inspection.ts';
import { link } from '../place/link.ts';

/**
 * Where the console shows what somebody looks for: a delivery by its webhook-id; the deliveries of a row, `profiles 42` or
 * `profiles user_id=42`; those of an endpoint, a hook or a table, by its name. Null for nothing.
 */
export function searchLink(text: string, hooks: readonly Pick<HookReport, 'name' | 'table' | 'to' | 'key'>[]): string | null {
  const [first, ...rest] = text.trim().split(/\s+/);
  if (first === undefined || first === '') return null;
  const ofTable = hooks.find(({ table }) => table === first || table === `public.${first}`);
  if (ofTable !== undefined) {
    const pairs = rest.map((part, i) => {
      const [name, ...value] = part.split('=');
      return value.length > 0 ? [`key.${name}`, value.join('=')] : [`key.${ofTable.key[i] ?? 'id'}`, part];
    });
    return link(['deliveries'], { table: ofTable.table, ...(Object.fromEntries(pairs) as Record<string, string>) });
  }
  if (rest.length > 0) return link(['deliveries'], { table: first });
  if (hooks.some(({ name }) => name === first)) return link(['deliveries'], { hook: first });
  if (hooks.some(({ to }) => to.includes(first))) return link(['endpoints', first]);
  return link(['deliveries', first]);
}
