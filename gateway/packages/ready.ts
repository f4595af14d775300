/**
 * A Twinlens package that was handed in: its manifest is read, held against its graph and its files, and only what it
 * names is taken. The hints may give it another name, version or title; how pictures are prepared is its own.
 */
import { lstat, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImportHints } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import { type Manifest, parseClassNames, parseManifest, variantOf } from '../../core/manifest.ts';
import { inspectModel, packagePath, readManifest, recordScores, verifyPackage } from '../instances/index.ts';
import { checkAgainst, valueText } from './graph.ts';
import type { ImportedPackage, ImportOptions } from './import.ts';
import type { MakeOptions } from './make.ts';
import { bytesOf, type Material, readJson, takeFile } from './material.ts';
import type { Steps } from './steps.ts';

export const MANIFEST = 'model.json';

const bad = (message: string) => new TwinlensError('INVALID_ARGUMENT', message);

async function readWithHints({ folder }: Material, hints: ImportHints): Promise<Manifest> {
  if (hints.preset !== undefined || hints.classNames !== undefined) {
    throw bad(
      `A package says in ${MANIFEST} how pictures are prepared and what its classes are; leave preset and class names out.`,
    );
  }
  const manifest = await readManifest(folder);
  return parseManifest({
    ...manifest,
    name: hints.name ?? manifest.name,
    version: hints.version ?? manifest.version,
    title: hints.title ?? manifest.title,
    licence: hints.licence ?? manifest.licence,
    notSureBelow: hints.notSureBelow ?? manifest.notSureBelow,
  });
}

/** The package folder, with every file that the manifest names and no other. */
async function take(material: Material, manifest: Manifest, into: string, maxBytes: number): Promise<string> {
  const named = Object.keys(manifest.files);
  for (const file of named) await packagePath(material.folder, file);
  const bytes = await bytesOf(material, named);
  if (bytes > maxBytes) {
    throw new TwinlensError('PAYLOAD_TOO_LARGE', `The package has ${bytes} bytes; at most ${maxBytes} are taken.`);
  }
  const folder = join(into, 'package');
  await mkdir(folder);
  for (const file of named) await takeFile(material, file, join(folder, file));
  await verifyPackage(folder, manifest);
  await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { flag: 'wx' });
  return folder;
}

export async function takeReady(
  material: Material,
  hints: ImportHints,
  steps: Steps,
  options: MakeOptions & Pick<ImportOptions, 'claim'>,
): Promise<ImportedPackage> {
  const { into, signal, maxBytes, maxPixels, threads, probeMs, claim } = options;
  const manifest = await steps.run('manifest', `Reading ${MANIFEST}`, async () => {
    const value = await readWithHints(material, hints);
    claim?.(value.name, value.version);
    const variants = value.variants.map(({ name }) => name).join(', ');
    return { value, message: `A package: ${value.name} version ${value.version}, variants ${variants}` };
  });
  await steps.run('graph', 'Looking into the graph', async () => {
    const values: string[] = [];
    for (const { file } of manifest.variants) {
      const path = await packagePath(material.folder, file);
      const graph = await inspectModel(path, { timeoutMs: probeMs, signal });
      checkAgainst(graph, manifest);
      values.push(...graph.inputs.map(valueText));
    }
    return { value: undefined, message: `${[...new Set(values)].join('; ')}, as ${MANIFEST} says` };
  });
  await steps.run('classes', 'Reading the class names', async () => {
    const { classNames } = manifest.output;
    await packagePath(material.folder, classNames);
    const names = parseClassNames(await readJson(material, classNames), manifest.output);
    return { value: undefined, message: `${names.length} class names, one an output` };
  });
  const folder = await steps.run('files', 'Checking sizes and sha256', async () => {
    const value = await take(material, manifest, into, maxBytes);
    const named = Object.keys(manifest.files);
    const dropped = material.files.filter((file) => file !== MANIFEST && !named.includes(file));
    const left = dropped.length === 0 ? '' : `; left out, as ${MANIFEST} doesn't name them: ${dropped.join(', ')}`;
    return { value, message: `${named.length} files with the right sizes and sha256${left.slice(0, 500)}` };
  });
  await steps.run('load', 'Loading the model in a process of its own', async () => {
    const [golden] = manifest.goldens;
    if (!golden) throw bad(`${MANIFEST} has no goldens.`);
    const picture = await readFile(join(folder, golden.image));
    let fastest = Number.POSITIVE_INFINITY;
    for (const { name } of manifest.variants) {
      const path = join(folder, variantOf(manifest, name).file);
      const order = { path, input: manifest.input, output: manifest.output.name, pictures: [picture] };
      const { runMs, scores } = await recordScores(
        { ...order, maxPixels, threads, together: false },
        { timeoutMs: probeMs, signal },
      );
      if (scores[0]?.length !== manifest.output.classes) {
        throw bad(
          `Variant ${name} gave ${scores[0]?.length ?? 0} numbers a picture, but ${MANIFEST} says ${manifest.output.classes} classes.`,
        );
      }
      fastest = Math.min(fastest, runMs);
    }
    const { size } = await lstat(join(folder, variantOf(manifest).file));
    return {
      value: undefined,
      message: `Loaded ${(size / 1e6).toFixed(1)} MB; ran on cpu in ${fastest.toFixed(1)} ms`,
    };
  });
  return { folder, manifest };
}
