import { expect, test } from 'vitest';
import { allow, heldBytesThatFit, instancesThatFit } from './allowance.ts';

const GIB = 1024 ** 3;
const machine = { processors: 16, memoryBytes: 64 * GIB };
const unlimited = { cpus: undefined, memoryBytes: undefined };

test('without limits the machine counts', () => {
  expect(allow(unlimited, machine, 0)).toEqual({ cores: 16, memoryBytes: 64 * GIB, scope: 'machine' });
});

test('a container has its own limits, not the machine\u2019s cores', () => {
  expect(allow({ cpus: 2.5, memoryBytes: GIB }, machine, 0)).toEqual({ cores: 2, memoryBytes: GIB, scope: 'group' });
  expect(allow({ cpus: 0.5, memoryBytes: undefined }, machine, 0).cores).toBe(1);
});

test('what the operator gives counts when it is less', () => {
  expect(allow({ cpus: undefined, memoryBytes: 2 * GIB }, machine, GIB)).toMatchObject({
    memoryBytes: GIB,
    scope: 'gateway',
  });
  expect(allow({ cpus: undefined, memoryBytes: GIB }, machine, 2 * GIB)).toMatchObject({
    memoryBytes: GIB,
    scope: 'group',
  });
});

test('instances and held pictures fit into the memory, and there is always one instance', () => {
  const small = allow({ cpus: 4, memoryBytes: GIB / 4 }, machine, 0);
  const middle = allow({ cpus: 4, memoryBytes: GIB }, machine, 0);
  expect([instancesThatFit(small), instancesThatFit(middle)]).toEqual([1, 3]);
  expect([heldBytesThatFit(small), heldBytesThatFit(allow(unlimited, machine, 0))]).toEqual([GIB / 16, GIB / 2]);
});
