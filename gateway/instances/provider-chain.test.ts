import { describe, expect, test } from 'vitest';
import type { GatewayProvider } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import { firstThatWorks } from './provider-chain.ts';

const on = (...working: GatewayProvider[]) => {
  const tried: GatewayProvider[] = [];
  const attempt = (provider: GatewayProvider) => {
    tried.push(provider);
    if (working.includes(provider)) return Promise.resolve(`on ${provider}`);
    return Promise.reject(new TwinlensError('ENGINE_FAILED', `No ${provider} here.\nAt great length.`));
  };
  return { tried, attempt };
};

describe('a chain of providers', () => {
  test('gives the first that works and tries none after it', async () => {
    const { tried, attempt } = on('cuda', 'cpu');
    expect(await firstThatWorks(['cuda', 'cpu'], attempt)).toEqual({ value: 'on cuda', note: undefined });
    expect(tried).toEqual(['cuda']);
  });

  test('goes on to the next, and says in a line why', async () => {
    const { tried, attempt } = on('cpu');
    expect(await firstThatWorks(['tensorrt', 'webgpu', 'cpu'], attempt)).toEqual({
      value: 'on cpu',
      note: 'cpu runs the model: tensorrt does not (No tensorrt here.); webgpu does not (No webgpu here.).',
    });
    expect(tried).toEqual(['tensorrt', 'webgpu', 'cpu']);
  });

  test('a provider that is not in it is not tried: without cpu the CPU never runs the model', async () => {
    const { tried, attempt } = on('cpu');
    await expect(firstThatWorks(['cuda'], attempt)).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: 'No cuda here.\nAt great length.',
    });
    expect(tried).toEqual(['cuda']);
  });

  test('where none works, the last one’s error is told, with the reasons of those before it', async () => {
    const { attempt } = on();
    await expect(firstThatWorks(['cuda', 'cpu'], attempt)).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: expect.stringMatching(/^No cpu here\..*Before it: cuda does not \(No cuda here\.\)\.$/s),
    });
  });
});
