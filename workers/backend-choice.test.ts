import { expect, test } from 'vitest';
import { chooseBackend, type Trial } from './backend-choice.ts';

const took = (ms: number): Trial => ({ ok: true, ms });
const failed = (reason: string): Trial => ({ ok: false, reason });

test('of two that are right the faster one is chosen, and the figures are told', () => {
  expect(chooseBackend(took(4.26), took(17))).toEqual({
    provider: 'webgpu',
    reason: 'WebGPU is faster here: WebGPU 4.3 ms, WebAssembly 17 ms a picture',
  });
  expect(chooseBackend(took(30), took(17)).provider).toBe('wasm');
  expect(chooseBackend(took(17), took(17)).provider).toBe('wasm');
});

test('one that failed is never chosen, however fast the other is', () => {
  expect(chooseBackend(failed('wrong answers.'), took(900))).toEqual({
    provider: 'wasm',
    reason: 'WebGPU is not used: wrong answers',
  });
  expect(chooseBackend(took(900), failed('switched off')).provider).toBe('webgpu');
});

test('when both failed the error names both reasons', () => {
  expect(() => chooseBackend(failed('a lost device'), failed('no memory'))).toThrow(/a lost device.*no memory/);
});
