import { expectTypeOf, test } from 'vitest';
import type { Status } from '../../console/api/shapes.ts';
import type { DaemonReport } from '../../src/commands/daemon-report.ts';

test('what the console reads of /status is what the daemon tells', () => {
  expectTypeOf<DaemonReport>().toExtend<Status>();
});
