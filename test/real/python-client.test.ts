/** A client in another language, written from docs/protocol.md alone, against the real gateway. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TwinlensClient } from '../../client/index.ts';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { python, root } from './tools.ts';

const run = promisify(execFile);
const photo = join(root, 'public/samples/clock.jpg');
let interpreter: string | undefined;
let gateway: GatewayProcess;

beforeAll(async () => {
  interpreter = python('client', 'docs/examples/requirements.txt');
  gateway = await startGateway();
});
afterAll(async () => {
  await gateway?.stop();
});

describe('docs/examples/client.py', () => {
  it('prints the five classes that the gateway gives over HTTP for the same picture', async (context) => {
    if (!interpreter) return context.skip('needs Python 3.11 or newer with venv');
    const expected = await new TwinlensClient({ url: gateway.url }).classifyHttp({
      encoding: 'jpeg',
      data: readFileSync(photo),
    });
    const address = gateway.url.replace(/^http/, 'ws');
    const { stdout } = await run(interpreter, ['docs/examples/client.py', photo, address], { cwd: root });
    expect(stdout.trimEnd().split('\n')).toEqual(
      expected.predictions.map(({ score, label }) => `${score.toFixed(4)}  ${label}`),
    );
  });

  it('tells the code and the reason when the picture is none', async (context) => {
    if (!interpreter) return context.skip('needs Python 3.11 or newer with venv');
    const address = gateway.url.replace(/^http/, 'ws');
    const failed = run(interpreter, ['docs/examples/client.py', join(root, 'LICENSE'), address], { cwd: root });
    await expect(failed).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/^UNSUPPORTED_MEDIA: /) });
  });
});
