import type { EndpointConfig } from '../config.ts';
import { WalhookError } from '../errors.ts';
import type { StoredDetail } from '../operations.ts';
import { printable } from './printable.ts';
import { curlCommand } from './render-curl.ts';
import { storedRequest } from './stored-request.ts';

/** A curl command for each stored request, or a comment that says why there is none. */
export async function showCurl(deliveries: readonly StoredDetail[], endpoints: readonly EndpointConfig[]): Promise<string> {
  const parts = await Promise.all(deliveries.map(async (delivery) => `${comment(about(delivery))}\n${await command(delivery, endpoints)}`));
  const notes = parts.some((part) => part.includes('***')) ? [comment('*** stands for what is secret: fill it in')] : [];
  return `${[...notes, ...parts].join('\n')}\n`;
}

async function command(delivery: StoredDetail, endpoints: readonly EndpointConfig[]): Promise<string> {
  try {
    return curlCommand(await storedRequest(delivery, endpoints));
  } catch (error) {
    if (error instanceof WalhookError) return comment(error.message);
    throw error;
  }
}

function about({ state, id, endpoint, hook, operation, table }: StoredDetail): string {
  return `${id}: ${operation} of ${table} for hook ${hook}, ${state}; to ${endpoint}, with the time and signature of now`;
}

function comment(text: string): string {
  return `# ${printable(text).replaceAll(/\s+/g, ' ')}`;
}
