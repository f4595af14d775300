/** The folder source on a real disk: half-copied packages, publishing by rename, removal, and folders that go away. */
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { FolderSource, type FolderSourceOptions } from '../../gateway/sources/folder.ts';
import type { SourceSnapshot } from '../../gateway/sources/index.ts';
import { FakeClock } from '../doubles/fake-clock.ts';
import { temporaryFolders } from '../support/temporary.ts';
import { tinyPackage, writePackage, writePart } from '../support/tiny-package.ts';

const folder = temporaryFolders();
const open: FolderSource[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((source) => source.close()));
});

/** A source whose clock stands still: it looks when it is told to. */
function make(options: Partial<FolderSourceOptions> = {}) {
  const root = join(folder(), 'models');
  mkdirSync(root);
  const clock = new FakeClock(Date.now());
  const source = new FolderSource({
    name: 'models',
    folder: root,
    removable: false,
    mayBeMissing: false,
    pollMs: 5000,
    clock,
    now: clock.now,
    onNote: () => undefined,
    ...options,
  });
  open.push(source);
  return { root, clock, source };
}

/** A source on the real clock that is told of changes by the system alone. */
function watching() {
  const clock = {
    now: () => performance.now(),
    after: (ms: number, run: () => void) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  };
  return make({ pollMs: 0, clock, now: Date.now });
}

const versions = ({ aspired }: SourceSnapshot) => aspired.map(({ name, version }) => `${name}@${version}`);

/** Resolves when the source shows what `test` wants; the test's own deadline ends it otherwise. */
function until(source: FolderSource, test: (snapshot: SourceSnapshot) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!test(source.snapshot)) return;
      stop();
      resolve();
    };
    const stop = source.subscribe(look);
    look();
  });
}

describe('a folder', () => {
  it('is served as NAME and as NAME/VERSION', async () => {
    const { root, source } = make();
    writePackage(join(root, 'one'), tinyPackage('one', 3));
    writePackage(join(root, 'two', '1'), tinyPackage('two', 1));
    writePackage(join(root, 'two', '2'), tinyPackage('two', 2));
    await source.start();
    expect(versions(source.snapshot)).toEqual(['one@3', 'two@1', 'two@2']);
    expect(source.snapshot.status).toMatchObject({ checking: false, refused: [], offers: [] });
  });

  it('does not take a package of which a file is missing or short, and takes it when it is whole', async () => {
    const { root, source } = make();
    const tiny = tinyPackage();
    const seen: string[][] = [];
    // Every order in which a copy may come, byte by byte for the manifest.
    for (const [path, bytes] of [...tiny.files].reverse()) {
      writePart(join(root, 'tiny'), path, bytes.subarray(0, bytes.length - 1));
      await source.check();
      seen.push(versions(source.snapshot));
      writePart(join(root, 'tiny'), path, bytes);
      await source.check();
      seen.push(versions(source.snapshot));
    }
    expect(seen.slice(0, -1).flat()).toEqual([]);
    expect(seen.at(-1)).toEqual(['tiny@1']);
    expect(source.snapshot.status.refused).toEqual([]);
  });

  it('tells of a half-copied package once it has stood still for two polls', async () => {
    const { root, clock, source } = make();
    const tiny = tinyPackage();
    for (const [path, bytes] of tiny.files) if (path !== 'model.onnx') writePart(join(root, 'tiny'), path, bytes);
    await source.start();
    expect(source.snapshot.status.refused).toEqual([]);
    await clock.advance(11_000);
    await source.check();
    expect(source.snapshot.status.refused).toEqual([
      { what: 'tiny', reason: 'It is not complete: model.onnx is missing.' },
    ]);
  });

  it('takes at once what is renamed into place, and drops what is renamed away', async () => {
    const { root, source } = watching();
    await source.start();
    writePackage(join(root, '.coming'), tinyPackage('tiny', 1));
    mkdirSync(join(root, 'tiny'));
    renameSync(join(root, '.coming'), join(root, 'tiny', '1'));
    await until(source, (snapshot) => versions(snapshot).includes('tiny@1'));
    writePackage(join(root, '.coming'), tinyPackage('tiny', 2));
    renameSync(join(root, '.coming'), join(root, 'tiny', '2'));
    await until(source, (snapshot) => versions(snapshot).includes('tiny@2'));
    renameSync(join(root, 'tiny', '1'), join(root, '.gone'));
    await until(source, (snapshot) => versions(snapshot).join() === 'tiny@2');
  });

  it('sees a copy that is made file by file, without polling', async () => {
    const { root, source } = watching();
    await source.start();
    writePackage(join(root, 'tiny', '7'), tinyPackage('tiny', 7));
    await until(source, (snapshot) => versions(snapshot).includes('tiny@7'));
  });

  it('looks once more at folders that it has just begun to watch: they may have changed unseen', async () => {
    const { clock, source } = make({ pollMs: 0 });
    await source.start();
    expect(clock.pending).toBe(1);
    await clock.advance(50);
    await source.check();
    expect(clock.pending).toBe(0);
  });

  it('looks again when its time comes', async () => {
    const { root, clock, source } = make();
    await source.start();
    expect(source.snapshot.status.nextCheckAt).toBe(clock.now() + 5000);
    writePackage(join(root, 'tiny'), tinyPackage());
    const seen = until(source, (snapshot) => versions(snapshot).includes('tiny@1'));
    await clock.advance(5000);
    await seen;
  });

  it('changes the fingerprint of a version with its content', async () => {
    const { root, source } = make();
    writePackage(join(root, 'tiny'), tinyPackage('tiny', 1, 'one'));
    await source.start();
    const first = source.snapshot.aspired[0]?.fingerprint;
    await source.check();
    expect(source.snapshot.aspired[0]?.fingerprint).toBe(first);
    utimesSync(join(root, 'tiny', 'model.onnx'), 1, 1);
    await source.check();
    const touched = source.snapshot.aspired[0]?.fingerprint;
    expect(touched).not.toBe(first);
    writePackage(join(root, 'tiny'), tinyPackage('tiny', 1, 'two'));
    await source.check();
    expect(source.snapshot.aspired[0]?.fingerprint).not.toBe(touched);
  });

  it('keeps a version that is being changed in its place', async () => {
    const { root, source } = make();
    writePackage(join(root, 'tiny'), tinyPackage('tiny', 1));
    await source.start();
    writeFileSync(join(root, 'tiny', 'model.onnx'), 'half');
    await source.check();
    expect(versions(source.snapshot)).toEqual(['tiny@1']);
    writePackage(join(root, 'tiny'), tinyPackage('tiny', 2));
    await source.check();
    expect(versions(source.snapshot)).toEqual(['tiny@2']);
  });

  it('keeps what was known when it goes away, says so, and recovers', async () => {
    const { root, source } = make();
    writePackage(join(root, 'tiny'), tinyPackage());
    await source.start();
    renameSync(root, `${root}-away`);
    await source.check();
    expect(versions(source.snapshot)).toEqual(['tiny@1']);
    expect(source.snapshot.status.error).toContain("can't be read");
    renameSync(`${root}-away`, root);
    await source.check();
    expect(source.snapshot.status.error).toBeUndefined();
  });

  it.skipIf(process.getuid?.() === 0)(
    'keeps the versions of a model whose folder may not be read any more',
    async () => {
      const { root, source } = make();
      writePackage(join(root, 'tiny', '1'), tinyPackage());
      await source.start();
      chmodSync(join(root, 'tiny'), 0);
      await source.check();
      chmodSync(join(root, 'tiny'), 0o755);
      expect(versions(source.snapshot)).toEqual(['tiny@1']);
      expect(source.snapshot.status.refused).toMatchObject([{ what: 'tiny' }]);
    },
  );

  it('drops a version whose folder is deleted', async () => {
    const { root, source } = make();
    writePackage(join(root, 'tiny'), tinyPackage());
    await source.start();
    rmSync(join(root, 'tiny'), { recursive: true });
    await source.check();
    expect(versions(source.snapshot)).toEqual([]);
  });

  it('refuses links, manifests that are none and a second folder with the same version, each with its reason', async () => {
    const { root, source } = make();
    writePackage(join(root, 'a'), tinyPackage('tiny', 1));
    writePackage(join(root, 'b'), tinyPackage('tiny', 1));
    writePart(join(root, 'c'), 'model.json', Buffer.from('{"format":"other"}'));
    symlinkSync(join(root, 'a'), join(root, 'd'));
    const outside = join(root, '..', 'graph');
    writeFileSync(outside, tinyPackage('linked', 1).files.get('model.onnx') ?? '');
    writePackage(join(root, 'e'), tinyPackage('linked', 1));
    rmSync(join(root, 'e', 'model.onnx'));
    symlinkSync(outside, join(root, 'e', 'model.onnx'));
    await source.start();
    expect(versions(source.snapshot)).toEqual(['tiny@1']);
    expect(source.snapshot.status.refused).toEqual([
      { what: 'b', reason: 'tiny@1 is in a already; raise the version.' },
      { what: 'c', reason: expect.stringContaining('format') },
      { what: 'd', reason: expect.stringContaining('link') },
      { what: 'e', reason: expect.stringContaining('link') },
    ]);
  });

  it('is made when it may be missing, so that it can be watched', async () => {
    const { source, root } = make({ mayBeMissing: true });
    rmSync(root, { recursive: true });
    await source.start();
    expect(source.snapshot.status.error).toBeUndefined();
    rmSync(root, { recursive: true });
    await source.check();
    expect(source.snapshot.status.error).toBeUndefined();
  });
});
