/**
 * The execution providers that an instance can run on, and how it finds out whether one does: its library is there,
 * and ONNX Runtime's own profile shows nodes of the graph on it. ONNX Runtime can take a provider and then run
 * everything on the CPU (onnxruntime#23372), and only the profile tells.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import type { GatewayProvider } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';

interface ProviderFacts {
  /** For ONNX Runtime, with what runs the nodes that it can't. */
  readonly sessions: readonly string[];
  /** Its name in profiles. */
  readonly profiled: string;
  /** Of a library beside ONNX Runtime's own, which its package fetches only on request. */
  readonly library: string | undefined;
}

const FACTS: Readonly<Record<Exclude<GatewayProvider, 'cpu'>, ProviderFacts>> = {
  tensorrt: {
    sessions: ['tensorrt', 'cuda'],
    profiled: 'TensorrtExecutionProvider',
    library: 'onnxruntime_providers_tensorrt',
  },
  cuda: { sessions: ['cuda'], profiled: 'CUDAExecutionProvider', library: 'onnxruntime_providers_cuda' },
  webgpu: { sessions: ['webgpu'], profiled: 'WebGpuExecutionProvider', library: undefined },
};

export const executionProviders = (provider: GatewayProvider): string[] =>
  provider === 'cpu' ? ['cpu'] : [...FACTS[provider].sessions];

function hasLibrary(name: string): boolean {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node');
  const folder = join(dirname(main), '..', 'bin', 'napi-v6', process.platform, process.arch);
  return [`lib${name}.so`, `${name}.dll`].some((file) => existsSync(join(folder, file)));
}

async function profileOf(
  model: Uint8Array,
  sessions: readonly string[],
  runOnce: (session: InferenceSession) => Promise<unknown>,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'twinlens-provider-'));
  try {
    const session = await InferenceSession.create(model, {
      executionProviders: [...sessions],
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
      logSeverityLevel: 4,
    });
    await runOnce(session);
    session.endProfiling();
    await session.release();
    const profiles = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')));
    return profiles.join('\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Throws ENGINE_FAILED, or what ONNX Runtime throws, when `provider` doesn't run the graph here. */
export async function checkProvider(
  provider: GatewayProvider,
  model: Uint8Array,
  runOnce: (session: InferenceSession) => Promise<unknown>,
): Promise<void> {
  if (provider === 'cpu') return;
  const { sessions, profiled, library } = FACTS[provider];
  if (library !== undefined && !hasLibrary(library)) {
    throw new TwinlensError('ENGINE_FAILED', `ONNX Runtime's library for ${provider} is not installed`);
  }
  const profile = await profileOf(model, sessions, runOnce);
  if (!profile.includes(profiled)) {
    throw new TwinlensError('ENGINE_FAILED', 'every node of the graph ran on another provider');
  }
}
