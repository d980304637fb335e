import { expect, test } from 'vitest';
import { stateFindings } from '../../src/commands/state-findings.ts';
import { loadConfig } from '../../src/config/load.ts';
import { parkingStore } from '../../src/store/parking.ts';
import { delivery, DOWN, parking } from '../store/delivery.ts';
import { testState } from '../store/state.ts';

test('deliveries of an endpoint that the configuration no longer has are told, with the way on', async () => {
  const { state, owner, database } = await testState();
  const store = parkingStore(state, owner);
  await store.park([parking(delivery(1)), parking(delivery(1, { endpoint: 'old' })), parking(delivery(2, { endpoint: 'old' }))]);
  await store.bury([{ delivery: delivery(3, { endpoint: 'old' }), attempts: 1, failure: DOWN }]);
  // Only remembered: nothing is stored for it.
  await store.remember('older', { state: 'paused', reason: 'x', failingFor: null, probeIn: null });
  const config = loadConfig({
    text: `version: 1\nsource: { url: "${database.url}" }\nendpoints: { crm: { url: "https://crm.example" } }`,
    file: 'walhook.yaml',
    env: {},
    readFile: () => '',
  });
  expect(await stateFindings(config)).toEqual([
    expect.objectContaining({
      code: 'endpoint_gone',
      severity: 'warning',
      message: '2 parked deliveries and 1 dead letter of endpoint "old" are stored, but the configuration no longer has it: nothing is sent there',
      fix: 'put old back, or forget them: walhook discard --parked --endpoint old; walhook discard --endpoint old',
    }),
  ]);
});
