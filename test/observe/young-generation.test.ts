import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ROOM } from '../../src/observe/young-generation.ts';

/** In a process of its own: V8's flags are the whole process's. */
function sizes(script: string): number[] {
  const module = fileURLToPath(new URL('../../src/observe/young-generation.ts', import.meta.url));
  const code = `
    const { YoungGeneration, youngSize } = await import(${JSON.stringify(module)});
    const { setImmediate: turn } = await import('node:timers/promises');
    // Half of what is made outlives a collection, so that V8 would like more room.
    async function load(turns) {
      let kept = [];
      for (let i = 0; i < turns; i++, await turn()) {
        for (let j = 0; j < 2_000; j++) kept.push({ body: [i, j, 'x'], at: { i, j } });
        if (kept.length > 200_000) kept = kept.slice(100_000);
      }
    }
    ${script}`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout) as number[];
}

test('under load V8 is given room, and takes no more than that', () => {
  const [loaded = 0, underLoad = 0] = sizes(`
    const young = new YoungGeneration();
    await load(200);
    const loaded = youngSize();
    young.grow();
    await load(2_000);
    console.log(JSON.stringify([loaded, youngSize()]));`);
  expect(loaded).toBeLessThan(ROOM / 4);
  expect(underLoad).toBe(ROOM);
});

test('without it V8 takes more', () => {
  const [size = 0] = sizes(`await load(2_000); console.log(JSON.stringify([youngSize()]));`);
  expect(size).toBeGreaterThan(ROOM);
});

test('it does not keep a process alive, and may be stopped twice', () => {
  expect(sizes(`const young = new YoungGeneration(); young.grow(); young.grow(); young.stop(); young.stop(); young.grow(); console.log('[]');`)).toEqual([]);
});
