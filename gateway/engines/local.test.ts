import { expect, test } from 'vitest';
import { FakeClock } from '../../test/doubles/fake-clock.ts';
import { FakeRegistry } from '../../test/doubles/fake-registry.ts';
import { tinyPackage } from '../../test/support/tiny-package.ts';
import { createLocalEngine } from './index.ts';

test('a model with fewer classes than the default answers with all of them, as it does over HTTP', async () => {
  const registry = new FakeRegistry();
  registry.manifest = tinyPackage('mini').manifest;
  const engine = createLocalEngine({ registry, clock: new FakeClock(), deadlineMs: 1000, client: 'test' });
  expect((await engine.load('mini')).classes).toBe(2);
  const asked = [{}, { top: 12 }, { top: 1 }].map((options) =>
    engine.classify({ encoding: 'jpeg', data: new Uint8Array(8) }, options),
  );
  expect(registry.requests.map(({ request }) => request.top)).toEqual([2, 2, 1]);
  for (const { answer } of registry.requests) answer();
  await Promise.all(asked);
  expect(registry.open).toBe(0);
});
