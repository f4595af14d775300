/** Serving with real processes: killed instances, wrong pictures and wrong packages. */
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { builtIn, goldenImage } from '../contract/inference-engine.ts';
import { externalTensor, field, graph, model } from '../support/onnx-bytes.ts';
import { platformClock, startRegistry } from '../support/registry.ts';

const scratch = mkdtempSync(join(tmpdir(), 'twinlens-serving-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A models folder with the built-in package, changed by `change`. */
function models(name: string, change: (folder: string) => void): string {
  const root = join(scratch, name);
  const folder = join(root, 'efficientnet-lite0');
  cpSync(new URL('../../models/efficientnet-lite0', import.meta.url), folder, { recursive: true });
  change(folder);
  return root;
}

function editManifest(folder: string, change: (manifest: typeof builtIn) => void): void {
  const path = join(folder, 'model.json');
  const manifest = structuredClone(builtIn);
  change(manifest);
  writeFileSync(path, JSON.stringify(manifest));
}

/** Puts `bytes` in the place of the package's model, with the manifest's blessing. */
function replaceModel(folder: string, bytes: Buffer): void {
  writeFileSync(join(folder, 'model.onnx'), bytes);
  editManifest(folder, (manifest) => {
    manifest.files['model.onnx'] = {
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
  });
}

const request = (at: number) => ({
  image: goldenImage(at),
  top: 1,
  deadline: platformClock.now() + 60_000,
  priority: 'normal' as const,
  client: `client-${at % 3}`,
});

describe('instances', () => {
  test('killed during requests: every request is answered once, and the instance is replaced', async () => {
    const { registry, exits, until } = await startRegistry({ TWINLENS_INSTANCES: '2' });
    await until(() => registry.ready);
    try {
      const answers = Array.from({ length: 40 }, (_, at) => {
        const handle = registry.acquire(undefined);
        return handle.classify(request(at)).finally(() => handle.release());
      });
      const victims = registry.pids;
      expect(victims).toHaveLength(2);
      process.kill(victims[0] as number, 'SIGKILL');
      const settled = await Promise.allSettled(answers);
      for (const [at, ending] of settled.entries()) {
        if (ending.status === 'rejected')
          expect(ending.reason).toMatchObject({ code: 'ENGINE_FAILED', retryable: true });
        else
          expect(ending.value.predictions[0]?.index).toBe(builtIn.goldens[at % builtIn.goldens.length]?.top[0]?.index);
      }
      expect(settled.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(30);
      expect(exits).toEqual(['ended by SIGKILL']);
      // Work goes on until the replacement is there, too.
      while (registry.pids.length < 2) {
        const handle = registry.acquire(undefined);
        await handle.classify(request(0)).finally(() => handle.release());
      }
      expect(registry.pids).not.toContain(victims[0]);
    } finally {
      await registry.close();
    }
  });

  test('all killed at once: requests wait for the replacement instead of failing', async () => {
    const { registry, exits, until } = await startRegistry({ TWINLENS_INSTANCES: '1' });
    await until(() => registry.ready);
    try {
      process.kill(registry.pids[0] as number, 'SIGKILL');
      const handle = registry.acquire(undefined);
      const answer = handle.classify(request(0)).finally(() => handle.release());
      await until(() => exits.length === 1);
      expect(registry.ready, 'ready with nobody to answer').toBe(false);
      expect((await answer).predictions[0]?.index).toBe(builtIn.goldens[0]?.top[0]?.index);
      expect(registry.ready).toBe(true);
    } finally {
      await registry.close();
    }
  });
});

test('an image that is wrong in every way fails alone: its neighbours and its instance live on', async () => {
  const { registry, exits, until } = await startRegistry({ TWINLENS_INSTANCES: '1', TWINLENS_BATCH_MAX: '8' });
  await until(() => registry.ready);
  try {
    const size = { width: 2, height: 2 };
    const wrong = [
      { encoding: 'rgb8', ...size, width: 1.5, data: new Uint8Array(9) },
      { encoding: 'rgb8', ...size, width: Number.NaN, data: new Uint8Array(12) },
      { encoding: 'rgba8', width: -2, height: -2, data: new Uint8Array(16) },
      { encoding: 'rgb8', width: 0, height: 0, data: new Uint8Array(0) },
      { encoding: 'png', data: Buffer.from('no picture') },
    ] as const;
    const endings = await Promise.allSettled(
      [goldenImage(0), ...wrong, goldenImage(1)].map((image) => {
        const handle = registry.acquire(undefined);
        return handle.classify({ ...request(0), image }).finally(() => handle.release());
      }),
    );
    const codes = endings.map((ending) => (ending.status === 'fulfilled' ? 'OK' : ending.reason.code));
    const invalid = 'INVALID_ARGUMENT';
    expect(codes).toEqual(['OK', invalid, invalid, invalid, invalid, 'UNSUPPORTED_MEDIA', 'OK']);
    expect(exits).toEqual([]);
  } finally {
    await registry.close();
  }
});

test('closed before its models are loaded, a registry fails nothing and leaves nothing', async () => {
  const { registry, log } = await startRegistry({ TWINLENS_INSTANCES: '2' });
  await registry.close();
  expect(registry.pids).toEqual([]);
  expect(log.filter(({ level }) => level === 'error')).toEqual([]);
});

describe('a package that is wrong is refused with its reason and nothing of it serves', () => {
  test.each([
    [
      'wrong hash',
      (folder: string) => {
        const path = join(folder, 'model.onnx');
        const bytes = readFileSync(path);
        bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
        writeFileSync(path, bytes);
      },
      /sha256/,
    ],
    ['no graph', (folder: string) => replaceModel(folder, Buffer.from('this is no graph')), /no ONNX file/],
    ['an empty graph', (folder: string) => replaceModel(folder, model(graph())), /can't load the model/],
    [
      'tensors in other files',
      (folder: string) => replaceModel(folder, model(graph(field(5, externalTensor('../../../../etc/passwd'))))),
      /external data/,
    ],
    [
      'a changed file that only browsers read',
      (folder: string) => {
        writeFileSync(join(folder, 'small.onnx'), 'changed');
        editManifest(folder, (manifest) => {
          manifest.files['small.onnx'] = { bytes: 7, sha256: '0'.repeat(64) };
        });
      },
      /small\.onnx has sha256/,
    ],
    [
      'another input name',
      (folder: string) =>
        editManifest(folder, (manifest) => {
          manifest.input.name = 'pixels';
        }),
      /inputs are input/,
    ],
    [
      'goldens that are not met',
      (folder: string) =>
        editManifest(folder, (manifest) => {
          manifest.goldens = manifest.goldens.map((golden) => ({
            ...golden,
            top: golden.top.map(({ index }) => ({ index, score: 0.5 })),
          }));
        }),
      /not right on cpu/,
    ],
    [
      'another number of classes',
      (folder: string) =>
        editManifest(folder, (manifest) => {
          manifest.output.classes = 1001;
        }),
      /1000 names/,
    ],
  ] as const)('%s', async (name, change, reason) => {
    const { registry, log, until } = await startRegistry({
      TWINLENS_MODELS: models(name.replaceAll(' ', '-'), change),
      TWINLENS_INSTANCES: '2',
    });
    try {
      await until(() => log.some(({ fields }) => fields.event_type === 'model_load_failed'));
      expect(log.find(({ fields }) => fields.event_type === 'model_load_failed')?.message).toMatch(reason);
      expect(registry.ready).toBe(false);
      expect(registry.detail(builtIn.name).details[0]).toMatchObject({
        state: 'failed',
        reason: expect.stringMatching(reason),
      });
      expect(() => registry.acquire(undefined)).toThrowError(expect.objectContaining({ code: 'MODEL_NOT_READY' }));
    } finally {
      await registry.close();
    }
  });

  test.each([
    [
      'a manifest that is no manifest',
      (folder: string) => writeFileSync(join(folder, 'model.json'), '{"name": 3}'),
      /model\.json is not valid/,
    ],
    [
      'a file outside the folder, by a link',
      (folder: string) => {
        rmSync(join(folder, 'classes.json'));
        symlinkSync('/etc/hostname', join(folder, 'classes.json'));
      },
      /link/,
    ],
    ['a missing file', (folder: string) => rmSync(join(folder, 'classes.json')), /missing/],
    ['a file of another size', (folder: string) => writeFileSync(join(folder, 'model.onnx'), 'short'), /has 5 bytes/],
    [
      'a package that is a link',
      (folder: string) => {
        renameSync(folder, join(folder, '..', '.elsewhere'));
        symlinkSync('.elsewhere', folder);
      },
      /is a link/,
    ],
    [
      'a file of another package, by its path',
      (folder: string) =>
        editManifest(folder, (manifest) => {
          manifest.output.classNames = '../other/classes.json';
        }),
      /relative path inside the package/,
    ],
  ] as const)('%s', async (name, change, reason) => {
    const { registry, log, until } = await startRegistry({
      TWINLENS_MODELS: models(name.replaceAll(/\W/g, '-'), change),
      // What is not whole may still be on its way: it is refused once it has stood still for a moment.
      TWINLENS_POLL_MS: '200',
    });
    await until(() => log.some(({ fields }) => fields.event_type === 'model_refused'));
    expect(log.find(({ fields }) => fields.event_type === 'model_refused')?.message).toMatch(reason);
    expect(registry.list()).toEqual([]);
    await registry.close();
  });
});

test('two versions: the newest is stable, each can be asked for, and a failed newer one changes nothing', async () => {
  const root = models('versions', (folder) => {
    for (const version of [2, 3]) {
      const other = join(folder, '..', `v${version}`);
      cpSync(folder, other, { recursive: true });
      editManifest(other, (manifest) => {
        manifest.version = version;
        if (version === 3) manifest.output.classes = 1001;
      });
    }
  });
  const { registry, log, until } = await startRegistry({
    TWINLENS_MODELS: root,
    TWINLENS_INSTANCES: '1',
    TWINLENS_VERSIONS: 'all',
  });
  try {
    await until(() => log.filter(({ fields }) => fields.event_type === 'model_loaded').length === 2);
    expect(registry.list()).toMatchObject([
      { name: builtIn.name, versions: [1, 2], labels: { stable: 2 }, default: true },
    ]);
    for (const [spec, version] of [
      [undefined, 2],
      [`${builtIn.name}@1`, 1],
      [`${builtIn.name}:stable`, 2],
    ] as const) {
      const handle = registry.acquire(spec);
      expect(handle.version).toBe(version);
      handle.release();
    }
    expect(() => registry.acquire(`${builtIn.name}@9`)).toThrowError(
      expect.objectContaining({ code: 'MODEL_NOT_FOUND' }),
    );
    expect(() => registry.acquire(`${builtIn.name}:canary`)).toThrowError(
      expect.objectContaining({ code: 'MODEL_NOT_FOUND' }),
    );
    expect(() => registry.acquire(`${builtIn.name}@3`)).toThrowError(
      expect.objectContaining({ code: 'MODEL_NOT_READY' }),
    );
  } finally {
    await registry.close();
  }
});
