import { expect, test } from 'vitest';
import type { Position } from '../../src/position.ts';
import { checkpointStore, loadCheckpoint } from '../../src/store/checkpoint.ts';
import { testState } from './state.ts';

const STREAM = { systemId: '7710553052428406805', timeline: 1, publication: 'walhook' };
const at = (lsn: bigint, commitLsn?: bigint, ordinal = 0): Position => ({ lsn, within: commitLsn === undefined ? null : { commitLsn, ordinal } });

test('what was saved is loaded, for its slot alone', async () => {
  const { state, owner } = await testState();
  expect(await loadCheckpoint(state, 'walhook')).toBeNull();
  const position = at(0x16_b374_d848n, 0xffff_ffff_ffff_fff0n, 1_234_567);
  await checkpointStore(owner, STREAM).save(position);
  expect(await loadCheckpoint(state, 'walhook')).toEqual({ ...STREAM, position });
  expect(await loadCheckpoint(state, 'other')).toBeNull();
});

test('advances within a transaction and beyond it', async () => {
  const { state, owner } = await testState();
  const store = checkpointStore(owner, STREAM);
  for (const position of [at(100n), at(100n, 300n, 1), at(100n, 300n, 2), at(300n), at(300n, 400n, 1)]) {
    await store.save(position);
    expect((await loadCheckpoint(state, 'walhook'))?.position).toEqual(position);
  }
});

test('never goes back: a save that was repeated may arrive after a later one', async () => {
  const { state, owner } = await testState();
  const store = checkpointStore(owner, STREAM);
  await store.save(at(300n, 400n, 7));
  for (const position of [at(200n), at(300n), at(300n, 400n, 6)]) await store.save(position);
  expect((await loadCheckpoint(state, 'walhook'))?.position).toEqual(at(300n, 400n, 7));
});

test('on another timeline or cluster LSNs begin anew', async () => {
  const { state, owner } = await testState();
  await checkpointStore(owner, STREAM).save(at(300n));
  const promoted = { ...STREAM, timeline: 2 };
  await checkpointStore(owner, promoted).save(at(200n));
  expect(await loadCheckpoint(state, 'walhook')).toEqual({ ...promoted, position: at(200n) });
});
