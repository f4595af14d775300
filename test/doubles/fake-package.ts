/** A version that a source wants served, whose fetches wait until the test ends them. */
import { TwinlensError } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { Aspired, FetchOptions, PackageOnDisk } from '../../gateway/sources/index.ts';
import { builtIn } from '../contract/inference-engine.ts';

export class FakeFetch {
  readonly aspired: FakePackage;
  readonly options: FetchOptions;
  readonly done: Promise<PackageOnDisk>;
  open = true;
  #resolve: (found: PackageOnDisk) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(aspired: FakePackage, options: FetchOptions) {
    this.aspired = aspired;
    this.options = options;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (!aspired.stubborn) options.signal.addEventListener('abort', () => this.fail('aborted'), { once: true });
  }

  progress(loadedBytes: number): void {
    this.options.onProgress({ loadedBytes, totalBytes: 100 });
  }

  succeed(manifest: Manifest = this.aspired.manifest): void {
    this.open = false;
    this.#resolve({ folder: `packages/${this.aspired.fingerprint}`, manifest });
  }

  fail(message = 'The catalogue does not answer.'): void {
    this.open = false;
    this.#reject(new TwinlensError('UNAVAILABLE', message));
  }
}

export class FakePackage implements Aspired {
  readonly name: string;
  readonly version: number;
  readonly fingerprint: string;
  readonly source = 'fake';
  readonly irremovable = 'it is a test';
  readonly manifest: Manifest;
  readonly fetches: FakeFetch[] = [];
  /** Its fetches take no notice of their abort. */
  stubborn = false;
  readonly #onFetch: (fetch: FakeFetch) => void;

  constructor(name: string, version: number, fingerprint = 'a', onFetch: (fetch: FakeFetch) => void = () => undefined) {
    this.name = name;
    this.version = version;
    this.fingerprint = fingerprint;
    this.manifest = { ...builtIn, name, version };
    this.#onFetch = onFetch;
  }

  fetch(options: FetchOptions): Promise<PackageOnDisk> {
    const fetch = new FakeFetch(this, options);
    this.fetches.push(fetch);
    this.#onFetch(fetch);
    return fetch.done;
  }
}
