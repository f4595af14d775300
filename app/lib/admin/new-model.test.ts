import { expect, test } from 'vitest';
import type { ImportReport, ImportRequest, Upload } from '../../../core/admin.ts';
import { TwinlensError } from '../../../core/errors.ts';
import { settle } from '../../../test/doubles/fake-clock.ts';
import { aReport } from '../../../test/support/admin-samples.ts';
import { NewModel, nameFrom } from './new-model.ts';

const upload: Upload = { id: 'upload-1', fileName: 'net.zip', bytes: 3, sha256: '' };

function setUp() {
  const uploads: {
    readonly signal: AbortSignal;
    readonly onProgress: (bytes: number) => void;
    readonly done: () => void;
    readonly fail: (error: Error) => void;
  }[] = [];
  const requests: ImportRequest[] = [];
  const reports: ImportReport[] = [];
  let start: () => Promise<ImportReport> = async () => aReport();
  const model = new NewModel({
    upload: (_file, _name, options) =>
      new Promise((resolve, fail) => uploads.push({ ...options, done: () => resolve(upload), fail })),
    startImport: (request) => {
      requests.push(request);
      return start();
    },
    onReport: (report) => void reports.push(report),
    maxUploadBytes: () => 100,
  });
  const failStart = (error: Error) => {
    start = () => Promise.reject(error);
  };
  const mend = () => {
    start = async () => aReport();
  };
  return { model, uploads, requests, reports, failStart, mend, state: () => model.view.get() };
}

const file = new Blob(['abc']);

test('a package is sent at once, with progress, and handed in', async () => {
  const { model, uploads, requests, reports, state } = setUp();
  model.chooseFile('net.zip', file);
  uploads[0]?.onProgress(2);
  expect(state()).toMatchObject({ state: 'sending', sentBytes: 2, totalBytes: 3 });
  uploads[0]?.done();
  await settle();
  expect(requests).toEqual([{ from: { upload: 'upload-1' } }]);
  expect(reports).toHaveLength(1);
  expect(state()).toEqual({ state: 'empty', problem: undefined });
});

test('a bare graph is not sent before its hints are given, and takes them along', async () => {
  const { model, uploads, requests, state } = setUp();
  model.chooseFile('Net.onnx', file);
  expect(state().state).toBe('hints');
  expect(uploads).toHaveLength(0);
  model.handIn({ name: 'net', preset: 'torchvision', classNames: 'imagenet-1k' });
  uploads[0]?.done();
  await settle();
  expect(requests[0]?.hints).toMatchObject({ name: 'net', preset: 'torchvision' });
});

test.each([
  ['net.txt', file, 'INVALID_ARGUMENT'],
  ['net.zip', new Blob([]), 'INVALID_ARGUMENT'],
  ['net.zip', new Blob(['x'.repeat(101)]), 'PAYLOAD_TOO_LARGE'],
])('%s that the gateway would refuse is not sent', (name, blob, code) => {
  const { model, uploads, state } = setUp();
  model.chooseFile(name, blob);
  expect(uploads).toHaveLength(0);
  expect(state()).toMatchObject({ state: 'empty', problem: { code } });
});

test('a cancelled upload is stopped and leaves nothing', async () => {
  const { model, uploads, requests, state } = setUp();
  model.chooseFile('net.zip', file);
  model.cancel();
  expect(uploads[0]?.signal.aborted).toBe(true);
  uploads[0]?.done();
  await settle();
  expect(requests).toHaveLength(0);
  expect(state().state).toBe('empty');
});

test('a broken upload can be sent again', async () => {
  const { model, uploads, requests, state } = setUp();
  model.chooseFile('net.zip', file);
  uploads[0]?.fail(new TwinlensError('UNAVAILABLE', 'The connection broke.'));
  await settle();
  expect(state()).toMatchObject({ state: 'failed', error: { code: 'UNAVAILABLE' } });
  model.retry();
  uploads[1]?.done();
  await settle();
  expect(requests).toHaveLength(1);
});

test('a file that has arrived is not sent twice when only handing in failed', async () => {
  const { model, uploads, requests, failStart, mend } = setUp();
  failStart(new TwinlensError('UNAVAILABLE', 'Gone.'));
  model.chooseFile('net.zip', file);
  uploads[0]?.done();
  await settle();
  mend();
  model.retry();
  await settle();
  expect(uploads).toHaveLength(1);
  expect(requests).toHaveLength(2);
});

test('while one is sent no other is taken', () => {
  const { model, uploads } = setUp();
  model.chooseFile('net.zip', file);
  model.chooseFile('other.zip', file);
  model.chooseUrl('https://models.test/net.zip');
  expect(uploads).toHaveLength(1);
});

test('an address is handed in without an upload; what is none is told', async () => {
  const { model, uploads, requests, state } = setUp();
  model.chooseUrl('ftp://models.test/net.zip');
  expect(state()).toMatchObject({ state: 'empty', problem: { code: 'INVALID_ARGUMENT' } });
  model.chooseUrl('https://models.test/net.zip');
  await settle();
  expect(uploads).toHaveLength(0);
  expect(requests).toEqual([{ from: { url: 'https://models.test/net.zip' } }]);
});

test.each([
  ['MobileNet V2.onnx', 'mobilenet-v2'],
  ['resnet50.tar.gz', 'resnet50'],
  ['__x__.zip', 'x__'],
])('the name out of %s is %s', (fileName, name) => {
  expect(nameFrom(fileName)).toBe(name);
});
