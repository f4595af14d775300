/** A catalogue on a real HTTP server for the tests of one file, and sources that read it. */
import { afterEach, beforeEach } from 'vitest';
import type { Importer } from '../../gateway/packages/index.ts';
import { createSources, type FetchProgress, type Source, type SourcesOptions } from '../../gateway/sources/index.ts';
import { CopyingImporter } from '../doubles/copying-importer.ts';
import { FakeClock } from '../doubles/fake-clock.ts';
import { FileServer, file, sha256 } from './file-server.ts';
import { temporaryFolders } from './temporary.ts';
import { tinyPackage } from './tiny-package.ts';

/** What the listed graphs consist of. */
export const graph = Buffer.from('the bytes of a graph');

export interface Made {
  readonly source: Source;
  /** Every source that the configuration makes. */
  readonly sources: readonly Source[];
  readonly importer: CopyingImporter;
  readonly data: string;
  readonly clock: FakeClock;
}

export interface Catalogue {
  /** A new one for each test. */
  readonly server: FileServer;
  folder(): string;
  /** @param real takes the importer's place, where a model is to be loaded */
  make(configuration?: Partial<SourcesOptions['configuration']>, real?: Importer): Made;
  /** The entry of a package whose files the server has. */
  packageEntry(): object & { readonly version: number };
}

export function catalogue(): Catalogue {
  const folder = temporaryFolders();
  const open: Source[] = [];
  let server: FileServer;
  beforeEach(async () => {
    server = await FileServer.start();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((source) => source.close()));
    await server.stop();
  });
  return {
    get server() {
      return server;
    },
    folder,
    make(configuration = {}, real) {
      const data = configuration.data ?? folder();
      const importer = new CopyingImporter();
      const clock = new FakeClock(1_000_000);
      const sources = createSources({
        configuration: {
          models: folder(),
          data,
          pollMs: 0,
          checkMs: 3_600_000,
          catalogues: [`${server.url}/index.json`],
          catalogueMirror: undefined,
          follow: ['graph'],
          mlflow: undefined,
          maxUploadBytes: 10_000_000,
          ...configuration,
        },
        mlflowToken: undefined,
        importer: real ?? importer.run,
        clock,
        now: clock.now,
        random: () => 0.5,
        log: { info: () => undefined },
      });
      const source = sources.find(({ kind }) => kind === 'catalogue');
      if (!source) throw new Error('no catalogue was made');
      open.push(source);
      return { source, sources, importer, data, clock };
    },
    packageEntry() {
      const { manifest, files } = tinyPackage('tiny', 5);
      const entries = [...files].map(([path, bytes]) => {
        server.on(`/tiny/${path}`, file(bytes));
        return [path, listed(bytes, `/tiny/${path}`)] as const;
      });
      const { name, version, title, licence, source } = manifest;
      const content = { kind: 'package', files: Object.fromEntries(entries) };
      return { name, version, title, licence, source, content };
    },
  };
}

const listed = (bytes: Uint8Array, ...urls: string[]) => ({ urls, bytes: bytes.length, sha256: sha256(bytes) });

export function onnxEntry(version = 1, bytes: Uint8Array = graph, name = 'graph') {
  const content = {
    kind: 'onnx',
    file: listed(bytes, `files/${name}-${version}.onnx`),
    preset: 'torchvision',
    classNames: 'imagenet-1k',
  };
  return { name, version, title: `Graph ${version}`, licence: 'MIT', source: 'a test', content };
}

export const index = (...models: unknown[]) =>
  file(JSON.stringify({ format: 'twinlens-catalogue/1', models }), 'application/json');

export const names = (source: Source) => source.snapshot.aspired.map(({ name, version }) => `${name}@${version}`);

export function fetchFirst(source: Source, onProgress: (progress: FetchProgress) => void = () => undefined) {
  const [aspired] = source.snapshot.aspired;
  if (!aspired) throw new Error('nothing is aspired');
  return aspired.fetch({ signal: new AbortController().signal, onProgress });
}
