import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { TwinlensError } from '../../core/errors.ts';
import { builtIn, goldenImage } from '../../test/contract/inference-engine.ts';
import { externalTensor, field, graph, model, tinyModel } from '../../test/support/onnx-bytes.ts';
import { childrenOf } from '../../test/support/processes.ts';
import { temporaryFolders } from '../../test/support/temporary.ts';
import { inspectModel, recordScores } from './probe.ts';

const fresh = temporaryFolders();
const builtInFile = fileURLToPath(new URL('../../models/efficientnet-lite0/model.onnx', import.meta.url));
const timeoutMs = 60_000;

const file = (bytes: Uint8Array) => {
  const path = join(fresh(), 'model.onnx');
  writeFileSync(path, bytes);
  return path;
};
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => 'taken',
    (error: TwinlensError) => `${error.code}: ${error.message}`,
  );

describe('inspectModel', () => {
  test('tells names, types and shapes, with free sizes by their names', async () => {
    expect(await inspectModel(builtInFile, { timeoutMs })).toMatchObject({
      inputs: [{ name: 'input', datatype: 'float32', shape: ['N', 3, 224, 224] }],
      outputs: [
        { name: 'logits', datatype: 'float32', shape: ['N', 1000] },
        { name: 'features', datatype: 'float32', shape: ['N', 1280] },
      ],
    });
  });

  test.each([
    ['no ONNX at all', Buffer.from('<html></html>'), /no ONNX file/],
    ['one cut short', readFileSync(builtInFile).subarray(0, 100_000), /no ONNX file/],
    ['one with broken insides', model(graph(field(1, field(4, Buffer.from('Nonsense'))))), /ONNX Runtime can't load/],
    ['an opset of the future', tinyModel({ opset: 99 }), /[Oo]pset/],
    ['tensors in other files', model(graph(field(5, externalTensor('/etc/passwd')))), /other files/],
  ])('%s is refused in one line that says why', async (_title, bytes, why) => {
    const message = await refusal(inspectModel(file(bytes), { timeoutMs }));
    expect(message).toMatch(/^INVALID_ARGUMENT/);
    expect(message).toMatch(why);
    expect(message).not.toContain('\n');
  });

  test('a file that crashes the process is refused, and its process is gone', async () => {
    const asked = refusal(inspectModel(builtInFile, { timeoutMs }));
    const [pid] = childrenOf(process.pid);
    process.kill(pid as number, 'SIGSEGV');
    expect(await asked).toMatch(/^INVALID_ARGUMENT: .*crashes the process that loads it/);
    expect(childrenOf(process.pid)).not.toContain(pid);
  });

  test('one that hangs is ended when its time is over', async () => {
    const asked = refusal(inspectModel(builtInFile, { timeoutMs: 300 }));
    process.kill(childrenOf(process.pid)[0] as number, 'SIGSTOP');
    expect(await asked).toMatch(/^INVALID_ARGUMENT: .*within 300 ms/);
  });

  test('a question that is cancelled ends its process', async () => {
    const abort = new AbortController();
    const asked = refusal(inspectModel(builtInFile, { timeoutMs, signal: abort.signal }));
    const [pid] = childrenOf(process.pid);
    abort.abort();
    expect(await asked).toMatch(/^CANCELLED/);
    expect(childrenOf(process.pid)).not.toContain(pid);
    expect(await refusal(inspectModel(builtInFile, { timeoutMs, signal: abort.signal }))).toMatch(/^CANCELLED/);
  });
});

describe('recordScores', () => {
  const order = { maxPixels: 4_000_000, threads: 1, together: true };

  test('gives the raw output of every picture, alone and in a batch', async () => {
    const pictures = [0, 1, 2].map((at) => goldenImage(at).data);
    const { input, output } = builtIn;
    const recorded = await recordScores(
      { ...order, path: builtInFile, input, output: output.name, pictures },
      { timeoutMs },
    );
    const best = recorded.scores.map((values) => values.indexOf(Math.max(...values)));
    expect(best).toEqual([0, 1, 2].map((at) => builtIn.goldens[at]?.top[0]?.index));
    expect(recorded.together).toMatchObject({ ok: true });
    expect(recorded.runMs).toBeGreaterThan(0);
  });

  test('a batch that fails is told, and is no failure of the pictures alone', async () => {
    const path = file(tinyModel({ reshape: [1, 3] }));
    const input = { ...builtIn.input, name: 'image', width: 16, height: 16 };
    const pictures = [0, 1].map((at) => goldenImage(at).data);
    const recorded = await recordScores({ ...order, path, input, output: 'means', pictures }, { timeoutMs });
    expect(recorded.scores.map((values) => values.length)).toEqual([3, 3]);
    expect(recorded.together).toMatchObject({ ok: false, reason: expect.stringMatching(/Reshape/) });
  });
});
