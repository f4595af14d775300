/** The downloader against a real HTTP server that breaks off, stalls, lies and sends the wrong thing. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DownloadOptions, downloadFile } from '../../gateway/sources/index.ts';
import { breaking, endless, FileServer, file, page, sha256, silent, status } from '../support/file-server.ts';

const bytes = new Uint8Array(300_000).map((_, i) => (i * 31 + (i >> 8)) & 0xff);
const expectation = { bytes: bytes.length, sha256: sha256(bytes) };

let server: FileServer;
let folder: string;
let into: string;

beforeEach(async () => {
  server = await FileServer.start();
  folder = mkdtempSync(join(tmpdir(), 'twinlens-download-'));
  into = join(folder, 'model.onnx');
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const get = (options: Partial<DownloadOptions> = {}, path = '/m.onnx') =>
  downloadFile(server.url + path, {
    into,
    expect: expectation,
    maxBytes: 1_000_000,
    signal: new AbortController().signal,
    ...options,
    timing: { backoffMs: 1, stallMs: 5000, ...options.timing },
  });

/** A download of which 100,000 bytes come. */
async function breakOff(of: Uint8Array, path = '/m.onnx'): Promise<void> {
  const { answer, onProgress } = breaking(of, 100_000);
  server.on(path, answer);
  await expect(get({ onProgress, timing: { attempts: 1 } }, path)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
}

const ranges = () => server.asked('/m.onnx').map(({ headers }) => headers.range);

describe('a download', () => {
  it('is the file, byte for byte, and leaves nothing beside it', async () => {
    server.on('/m.onnx', file(bytes));
    const told: number[] = [];
    const done = await get({ onProgress: ({ loadedBytes }) => told.push(loadedBytes) });
    expect(done).toEqual(expectation);
    expect(sha256(readFileSync(into))).toBe(expectation.sha256);
    expect(readdirSync(folder)).toEqual(['model.onnx']);
    expect(told.at(-1)).toBe(bytes.length);
  });

  it('goes on from where the connection broke', async () => {
    const { answer, onProgress } = breaking(bytes, 100_000);
    server.on('/m.onnx', answer, file(bytes));
    expect(await get({ onProgress })).toEqual(expectation);
    expect(ranges()).toEqual([undefined, 'bytes=100000-']);
    expect(server.asked('/m.onnx').map((seen) => seen.status)).toEqual([200, 206]);
  });

  it('goes on after a restart with what an earlier one left', async () => {
    await breakOff(bytes);
    expect(readdirSync(folder).sort()).toEqual(['model.onnx.part', 'model.onnx.part.json']);
    server.on('/m.onnx', file(bytes));
    expect(await get()).toEqual(expectation);
    expect(ranges()).toEqual([undefined, 'bytes=100000-']);
  });

  it('begins anew when the file changed meanwhile', async () => {
    const other = bytes.map((byte) => byte ^ 1);
    const { answer, onProgress } = breaking(other, 100_000);
    server.on('/m.onnx', answer, file(bytes));
    expect(await get({ expect: {}, onProgress })).toEqual(expectation);
    expect(server.asked('/m.onnx').map((seen) => seen.status)).toEqual([200, 200]);
  });

  it('begins anew when what an earlier one left turns out to be of another file', async () => {
    const other = bytes.map((byte) => byte ^ 1);
    await breakOff(other, '/old.onnx');
    server.on('/m.onnx', file(bytes));
    expect(await get()).toEqual(expectation);
    expect(ranges()).toEqual(['bytes=100000-', undefined]);
  });

  it('is refused, and nothing of it is kept, when its sha256 is another', async () => {
    server.on('/m.onnx', file(bytes));
    const failed = get({ expect: { sha256: 'f'.repeat(64) } });
    await expect(failed).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('sha256'),
    });
    expect(readdirSync(folder)).toEqual([]);
    expect(server.seen.length).toBe(1);
  });

  it('is refused before its body comes when its length is another', async () => {
    server.on('/m.onnx', file(bytes.subarray(1)));
    await expect(get()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('has 299999 bytes, but 300000 are expected'),
    });
  });

  it('is refused when a web page comes instead of the file', async () => {
    server.on('/m.onnx', page);
    await expect(get({ expect: {} })).rejects.toMatchObject({ code: 'UNSUPPORTED_MEDIA' });
  });

  it('ends at the bound when the body is endless', async () => {
    server.on('/m.onnx', endless);
    await expect(get({ expect: {} })).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is refused without asking when more is promised than may come', async () => {
    await expect(get({ maxBytes: 1000 })).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(server.seen).toEqual([]);
  });

  it('gives up an attempt in which nothing comes any more', async () => {
    server.on('/m.onnx', silent(bytes, 10), file(bytes));
    expect(await get({ timing: { stallMs: 100 } })).toEqual(expectation);
  });

  it('ends when it takes longer than all of it may', async () => {
    server.on('/m.onnx', silent(bytes, 10));
    await expect(get({ timing: { totalMs: 100 } })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('longer than 0.1 s'),
    });
  });

  it('tries again after a fault of the server, and not after a file that is not there', async () => {
    server.on('/m.onnx', status(503), status(500), file(bytes)).on('/gone', status(404));
    expect(await get()).toEqual(expectation);
    await expect(get({}, '/gone')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(server.asked('/gone').length).toBe(1);
  });

  it('gives up after as many attempts as it may make', async () => {
    server.on('/m.onnx', status(503));
    await expect(get({ timing: { attempts: 3 } })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(server.seen.length).toBe(3);
  });

  it('follows redirects, and shows its token to no other host', async () => {
    const other = await FileServer.start();
    try {
      other.on('/m.onnx', file(bytes));
      server.on('/m.onnx', status(302, { location: '/moved' }));
      server.on('/moved', status(307, { location: `${other.url}/m.onnx` }));
      expect(await get({ headers: { authorization: 'Bearer secret' } })).toEqual(expectation);
      expect(server.asked('/moved')[0]?.headers.authorization).toBe('Bearer secret');
      expect(other.seen[0]?.headers.authorization).toBeUndefined();
    } finally {
      await other.stop();
    }
  });

  it('does not follow redirects in a circle, nor to anything but http', async () => {
    server
      .on('/m.onnx', status(302, { location: '/m.onnx' }))
      .on('/f', status(302, { location: 'file:///etc/passwd' }));
    await expect(get()).rejects.toMatchObject({ message: expect.stringContaining('redirects more than') });
    await expect(get({}, '/f')).rejects.toMatchObject({ message: expect.stringContaining('not an http') });
  });

  it('keeps what came when the next place has no such file, or another', async () => {
    await breakOff(bytes);
    server
      .on('/gone', status(404))
      .on('/page', page)
      .on('/other', file(bytes.subarray(1)));
    for (const path of ['/gone', '/page', '/other']) await expect(get({}, path)).rejects.toThrow();
    server.on('/m.onnx', file(bytes));
    expect(await get()).toEqual(expectation);
    expect(ranges()).toEqual([undefined, 'bytes=100000-']);
  });

  it('stops when it is cancelled, and keeps what came', async () => {
    const cancel = new AbortController();
    server.on('/m.onnx', silent(bytes, 1000));
    const failed = get({ signal: cancel.signal, onProgress: () => cancel.abort() });
    await expect(failed).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(readdirSync(folder)).toContain('model.onnx.part');
  });
});
