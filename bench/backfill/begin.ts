import type { BackfillReport } from '../../src/backfills.ts';

/** Where the server of a running walhook listens. */
interface Running {
  readonly port: number;
}

/** Begins a backfill of a hook. */
export function beginBackfill({ port }: Running, hook: string): Promise<BackfillReport> {
  return ask(port, '', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ hook }) });
}

export function showBackfill({ port }: Running, id: string): Promise<BackfillReport> {
  return ask(port, `/${id}`, {});
}

async function ask(port: number, path: string, init: RequestInit): Promise<BackfillReport> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/backfills${path}`, init);
  if (!response.ok) throw new Error(`a backfill: status ${response.status}: ${await response.text()}`);
  return (await response.json()) as BackfillReport;
}
