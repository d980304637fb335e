import { didYouMean } from '../closest.ts';
import { WalhookError } from '../errors.ts';

/** The endpoint or hook of a name. @throws WalhookError `unknown_endpoint` or `unknown_hook` */
export function byName<T extends { readonly name: string }>(kind: 'endpoint' | 'hook', all: readonly T[], name: string): T {
  const found = all.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = all.map((one) => one.name);
  throw new WalhookError(`there is no ${kind} ${JSON.stringify(name)}${didYouMean(name, names)}`, { code: `unknown_${kind}`, hint: `the configuration has: ${names.join(', ')}` });
}
