/** Imports of what is none of the known kinds, or does not unpack. */
import { expect, test } from 'vitest';
import { zipOf } from '../support/archives.ts';
import { inputs } from '../support/importing.ts';

const { fileOf, folderOf, refusal } = inputs();

test('a folder with nothing that is known is refused with what would be', async () => {
  const message = await refusal(folderOf({ 'a.txt': 'x', 'b.txt': 'x' }));
  expect(message).toMatch(/^manifest INVALID_ARGUMENT: .*model.json .*config.json .*\.onnx/);
  expect(await refusal(folderOf({ 'a.onnx': 'x', 'b.onnx': 'x' }))).toMatch(/2 .onnx files .*a.onnx, b.onnx/);
});

test('an archive that leaves its folder or unpacks to too much is refused while it is unpacked', async () => {
  const traversal = fileOf('u', zipOf({ name: '../../evil', content: 'x' }));
  expect(await refusal(traversal)).toMatch(/^unpack INVALID_ARGUMENT/);
  const bomb = fileOf('u', zipOf({ name: 'model.onnx', content: Buffer.alloc(3_000_000) }));
  expect(await refusal(bomb, { maxBytes: 1_000_000 })).toMatch(/^unpack PAYLOAD_TOO_LARGE: .*1000000 bytes/);
});
