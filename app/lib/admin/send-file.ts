/** A file on its way to the gateway by XMLHttpRequest: `fetch` does not tell how much has been sent. */
import { TwinlensError } from '../../../core/errors.ts';
import type { SendFile } from './api.ts';

/** Milliseconds without a sign of progress after which the connection counts as broken. */
const SILENCE_MS = 60_000;

export const sendFile: SendFile = (url, headers, file, { onProgress, signal }) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
    };
    const fail = (code: 'CANCELLED' | 'UNAVAILABLE', message: string) => {
      end();
      reject(new TwinlensError(code, message));
    };
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        request.abort();
        fail('UNAVAILABLE', 'Nothing moved for a minute.');
      }, SILENCE_MS);
    };
    function cancel() {
      request.abort();
      fail('CANCELLED', 'The upload was cancelled.');
    }
    request.open('POST', url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener('progress', ({ loaded }) => {
      watch();
      onProgress(loaded);
    });
    request.addEventListener('load', () => {
      end();
      const { status, responseText } = request;
      resolve({
        ok: status >= 200 && status < 300,
        status,
        headers: { get: (name) => request.getResponseHeader(name) },
        text: async () => responseText,
      });
    });
    request.addEventListener('error', () => fail('UNAVAILABLE', 'The connection broke.'));
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) {
      cancel();
      return;
    }
    watch();
    request.send(file);
  });
