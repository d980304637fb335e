import type { TestProject } from 'vitest/node';
import type {} from './provided.ts';
import { startServer } from './server.ts';

/** Starts one Postgres for the whole run and hands its URL to the workers. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer();
  project.provide('postgresUrl', server.url);
  return () => server.stop();
}
