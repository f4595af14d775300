/** Uploads over real sockets: what is kept of them, and that nothing is left of those that fail. */
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { parseUpload } from '../../core/admin.ts';
import { adminServers, ask, upload } from '../support/admin-api.ts';

const start = adminServers();

describe('uploads', () => {
  test('arrive with their length and hash', async () => {
    const server = await start();
    const { status, body } = await upload(server, new TextEncoder().encode('abc'), '../../weird/na\u0000me.zip');
    expect([status, parseUpload(body)]).toEqual([
      201,
      {
        id: expect.any(String),
        fileName: 'name.zip',
        bytes: 3,
        sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      },
    ]);
  });

  test('one that announces 2 GiB is refused before it sends anything, and leaves nothing', async () => {
    const server = await start({ maxUploadBytes: 1024 ** 3 });
    const outgoing = request(`${server.url}/v1/admin/uploads?fileName=big.onnx`, {
      method: 'POST',
      headers: {
        'x-twinlens-admin': '1',
        'content-type': 'application/octet-stream',
        'content-length': 2 * 1024 ** 3,
        expect: '100-continue',
      },
    });
    let continued = false;
    outgoing.on('continue', () => {
      continued = true;
    });
    outgoing.on('error', () => undefined);
    outgoing.flushHeaders();
    const [response] = await once(outgoing, 'response');
    expect([response.statusCode, continued]).toEqual([413, false]);
    outgoing.destroy();
    expect(await server.staged()).toEqual([]);
  });

  test('one without length is refused as soon as it is too large, and leaves nothing', async () => {
    const server = await start({ maxUploadBytes: 100_000 });
    const outgoing = sender(server.port, 'Transfer-Encoding: chunked');
    const chunk = `${(10_000).toString(16)}\r\n${'x'.repeat(10_000)}\r\n`;
    const answer = readAnswer(outgoing);
    for (let i = 0; i < 11; i += 1) outgoing.write(chunk);
    expect(await answer).toContain('HTTP/1.1 413 ');
    outgoing.destroy();
    expect(await server.staged()).toEqual([]);
  });

  test('the rest of one that was refused is thrown away, so that its sender can finish and ask again', async () => {
    const server = await start({ maxUploadBytes: 100_000 });
    const bytes = 20_000_000;
    const outgoing = sender(server.port, `Transfer-Encoding: chunked`);
    const answer = readAnswer(outgoing);
    const sent = new Promise((resolve) => {
      outgoing.write(`${bytes.toString(16)}\r\n`);
      outgoing.write(Buffer.alloc(bytes));
      outgoing.write('\r\n0\r\n\r\n', resolve);
    });
    expect(await answer).toContain('HTTP/1.1 413 ');
    await sent;
    const next = readAnswer(outgoing);
    outgoing.write('GET /v1/admin/session HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await next).toContain('HTTP/1.1 204 ');
    outgoing.destroy();
  });

  test('exactly the limit is taken, nothing at all is not', async () => {
    const server = await start({ maxUploadBytes: 1000 });
    expect((await upload(server, new Uint8Array(1000))).status).toBe(201);
    expect((await upload(server, new Uint8Array(1001))).status).toBe(413);
    expect((await upload(server, new Uint8Array(0))).status).toBe(400);
    expect(await server.staged()).toHaveLength(1);
  });

  test('a cut connection leaves nothing', async () => {
    const server = await start();
    const outgoing = sender(server.port, 'Content-Length: 50000');
    outgoing.write('x'.repeat(20_000));
    await expect.poll(server.staged).toHaveLength(1);
    outgoing.destroy();
    await expect.poll(server.staged).toEqual([]);
  });

  test('one that stands still is ended and leaves nothing; slow ones may take longer than a picture', async () => {
    const timers: { ms: number; run: () => void; stopped: boolean }[] = [];
    const after = (ms: number, run: () => void) => {
      const timer = { ms, run, stopped: false };
      timers.push(timer);
      return () => {
        timer.stopped = true;
      };
    };
    const server = await start({ after, requestMs: 12_345 });
    const outgoing = sender(server.port, 'Content-Length: 50000');
    const answer = readAnswer(outgoing);
    outgoing.write('x'.repeat(20_000));
    await expect.poll(server.staged).toHaveLength(1);
    expect(timers.map(({ ms }) => ms)).not.toContain(12_345);
    await expect.poll(() => timers.filter(({ ms, stopped }) => ms === 30_000 && !stopped)).toHaveLength(1);
    timers.find(({ ms, stopped }) => ms === 30_000 && !stopped)?.run();
    expect(await answer).toContain('HTTP/1.1 504 ');
    await expect.poll(server.staged).toEqual([]);
    outgoing.destroy();
  });

  test('any other body that comes too slowly is ended', async () => {
    const server = await start({ requestMs: 50 });
    const outgoing = connect(server.port, '127.0.0.1');
    const answer = readAnswer(outgoing);
    outgoing.write('POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\nxx');
    expect(await answer).toContain('DEADLINE_EXCEEDED');
  });

  test('no more than eight wait; the oldest makes room', async () => {
    const server = await start();
    const first = parseUpload((await upload(server, new Uint8Array(1))).body);
    for (let i = 0; i < 8; i += 1) await upload(server, new Uint8Array(1));
    await expect.poll(server.staged).toHaveLength(8);
    const gone = await ask(server, 'POST', '/imports', { body: { from: { upload: first.id } } });
    expect(gone.body.code).toBe('NOT_FOUND');
  });

  test('a gateway that keeps nothing says what to set', async () => {
    const server = await start({ keeps: false });
    const { status, body } = await upload(server, new Uint8Array(1));
    expect([status, JSON.stringify(body)]).toEqual([503, expect.stringContaining('TWINLENS_DATA')]);
  });
});

/** A connection that has sent the head of an upload. */
function sender(port: number, length: string): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const head = ['POST /v1/admin/uploads?fileName=x.onnx HTTP/1.1', 'Host: localhost', 'X-Twinlens-Admin: 1'];
  socket.write([...head, 'Content-Type: application/octet-stream', length, '', ''].join('\r\n'));
  return socket;
}

/** The head and body of the answer, as far as they come at once. */
async function readAnswer(socket: Socket): Promise<string> {
  socket.on('error', () => undefined);
  const [chunk] = await once(socket, 'data');
  return String(chunk);
}
