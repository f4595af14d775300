import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { expect, test } from 'vitest';
import { tarOf } from './tar.ts';

test('what is packed here is unpacked by others, name for name and byte for byte', async () => {
  const long = `${'folder/'.repeat(20)}model.onnx`;
  const blob = tarOf([
    { path: 'model.json', file: new Blob(['{}']) },
    { path: long, file: new Blob(['x'.repeat(513)]) },
    { path: 'ä.txt', file: new Blob([]) },
  ]);
  const found: [string, number][] = [];
  const unpack = extract();
  unpack.on('entry', (header, stream, next) => {
    let size = 0;
    stream.on('data', (chunk: unknown) => {
      if (chunk instanceof Uint8Array) size += chunk.length;
    });
    stream.on('end', () => {
      found.push([header.name, size]);
      next();
    });
  });
  await pipeline([Buffer.from(await blob.arrayBuffer())], unpack);
  expect(found).toEqual([
    ['model.json', 2],
    [long, 513],
    ['ä.txt', 0],
  ]);
});

test('a path that the format cannot carry is refused', () => {
  expect(() => tarOf([{ path: 'x'.repeat(101), file: new Blob([]) }])).toThrow(/too long/);
  expect(() => tarOf([{ path: `${'y'.repeat(300)}/x`, file: new Blob([]) }])).toThrow(/too long/);
});
