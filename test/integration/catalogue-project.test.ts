/** The catalogue that the project ships; with the folder of real models (SHARED_DIR) what it lists is fetched too. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createImporter } from '../../gateway/packages/index.ts';
import { catalogue, fetchFirst, names } from '../support/catalogue.ts';
import { breaking, file, sha256 } from '../support/file-server.ts';
import { runtime } from '../support/runtime.ts';
import { NO_SHARED, sharedDir } from '../support/shared-photos.ts';

const catalogues = catalogue();

describe("the project's own catalogue", () => {
  const path = 'models/catalogue.json';

  it('lists models of the ONNX model zoo by address, size and sum, all of them readable', async () => {
    const { source } = catalogues.make({ catalogues: [path], follow: [] });
    await source.start();
    const { offers, refused, error } = source.snapshot.status;
    expect([source.name, refused, error]).toEqual(['catalogue', [], undefined]);
    expect(offers.length).toBeGreaterThanOrEqual(3);
    expect(names(source)).toEqual([]);
  });

  it('brings mobilenetv2-12-int8 and shufflenet-v2-12-int8 from a mirror by sum, byte for byte', async (context) => {
    if (!sharedDir) return context.skip(NO_SHARED);
    for (const model of ['mobilenetv2-12-int8', 'shufflenet-v2-12-int8']) {
      const bytes = readFileSync(join(sharedDir, 'models', `${model}.onnx`));
      const { answer, onProgress } = breaking(bytes, 1_000_000);
      catalogues.server.on(`/${sha256(bytes)}`, answer, file(bytes));
      const { source, importer } = catalogues.make({
        catalogues: [path],
        follow: [model],
        catalogueMirror: catalogues.server.url,
      });
      await source.start();
      await fetchFirst(source, onProgress);
      expect(importer.imports[0]?.graph?.equals(bytes)).toBe(true);
      expect(importer.imports[0]?.hints).toMatchObject({ preset: 'torchvision', classNames: 'imagenet-1k' });
      expect(catalogues.server.asked(`/${sha256(bytes)}`).map((seen) => seen.status)).toEqual([200, 206]);
    }
  });

  it('becomes a package that passed its goldens in a process of its own', { timeout: 240_000 }, async (context) => {
    if (!sharedDir) return context.skip(NO_SHARED);
    const bytes = readFileSync(join(sharedDir, 'models', 'mobilenetv2-12-int8.onnx'));
    catalogues.server.on('/mobilenetv2-12-int8.onnx', file(bytes));
    const importer = createImporter({
      providers: ['cpu'],
      runtime,
      maxPixels: 1_000_000,
      maxBytes: 10_000_000,
      batchMax: 0,
      imagenetNames: 'models/efficientnet-lite0/classes.json',
    });
    const mirrored = { catalogues: [path], follow: ['mobilenetv2-12-int8'], catalogueMirror: catalogues.server.url };
    const { source } = catalogues.make(mirrored, importer);
    await source.start();
    const { folder: found, manifest } = await fetchFirst(source);
    expect(manifest).toMatchObject({ name: 'mobilenetv2-12-int8', version: 1, licence: 'Apache-2.0' });
    expect(manifest.output.classes).toBe(1000);
    const graph = Object.keys(manifest.files).find((name) => name.endsWith('.onnx')) ?? '';
    expect(manifest.files[graph]?.sha256).toBe(sha256(bytes));
    expect(readFileSync(join(found, graph)).equals(bytes)).toBe(true);
  });
});
