/** The CPU image, really built and run as production runs it. Prints its size, its memory and how long it drains. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseClassification } from '../../core/protocol.ts';
import { StreamClient } from '../support/stream-client.ts';
import { ContainerGateway } from './container-gateway.ts';
import { findOrInstallContainers, podman } from './containers.ts';
import { hammer } from './hammer.ts';
import { buildCpuImage, describeImage, runInImage } from './image.ts';
import { root, say } from './tools.ts';

const photo = new Uint8Array(readFileSync(join(root, 'public/samples/lighthouse.jpg')));
const LIGHTHOUSE = 437;
/** Most that the image may have, unpacked. Node 120, ONNX Runtime 46, libvips 19, the page with its WebAssembly 70. */
const MAX_IMAGE_BYTES = 400 * 1024 ** 2;
/** A stand-in for the base and the whole build, on a busy machine. */
const SET_UP_MS = 900_000;
const NEEDS = 'needs buildah and podman, and a base image; the reason stands above';

/** Answers of the log of a gateway. */
const predictions = (log: string) => log.match(/"event_type":"prediction"[^\n]*"code":"OK"/g)?.length ?? 0;

let built = false;
beforeAll(async () => {
  built = findOrInstallContainers() && (await buildCpuImage());
}, SET_UP_MS);

describe('the image', () => {
  it('runs as a fixed user, says how its health is asked, and is labelled', async (context) => {
    if (!built) return context.skip(NEEDS);
    const { Config, Healthcheck } = await describeImage();
    expect(Config.User).toBe('10001:10001');
    expect(Healthcheck.Test).toEqual(['CMD', '/usr/local/bin/node', '/app/scripts/healthcheck.mjs']);
    expect(Config.Labels).toMatchObject({
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.version': expect.stringMatching(/^\d+\.\d+\.\d+$/),
    });
  });

  it('holds what the gateway imports and no more, no shell, and stays within its size', async (context) => {
    if (!built) return context.skip(NEEDS);
    const { Size } = await describeImage();
    say(`The image has ${Math.round(Size / 1024 ** 2)} MiB, unpacked.`);
    expect(Size).toBeLessThan(MAX_IMAGE_BYTES);
    const absent = ['/bin/sh', '/usr/bin/apt-get', '/usr/local/bin/npm', '/app/gateway', '/app/test', '/app/.git'];
    const tools = ['next', 'typescript', 'vitest', 'onnxruntime-web', 'react'].map(
      (name) => `/app/node_modules/${name}`,
    );
    expect(await runInImage(`${JSON.stringify([...absent, ...tools])}.filter((path) => fs.existsSync(path))`)).toEqual(
      [],
    );
    const platforms = await runInImage("fs.readdirSync('/app/node_modules/onnxruntime-node/bin/napi-v6')");
    expect(platforms).toEqual(['linux']);
  });
});

describe('a container that is read-only, limited and without rights', () => {
  let gateway: ContainerGateway;
  beforeAll(async () => {
    if (!built) return;
    gateway = await ContainerGateway.start('twinlens-smoke');
    await gateway.ready();
  });
  afterAll(async () => {
    await gateway?.remove();
  });

  it('is healthy, and its check says no when nobody answers', async (context) => {
    if (!built) return context.skip(NEEDS);
    await podman(['healthcheck', 'run', gateway.name]);
    const elsewhere = ['/usr/local/bin/node', '/app/scripts/healthcheck.mjs', 'http://127.0.0.1:9/health/ready'];
    await expect(podman(['exec', gateway.name, ...elsewhere])).rejects.toMatchObject({ code: 1 });
  });

  it('classifies over HTTP and over a WebSocket, and serves the page', async (context) => {
    if (!built) return context.skip(NEEDS);
    const response = await fetch(`${gateway.url}/v1/classify?top=1`, { method: 'POST', body: photo });
    expect(parseClassification(await response.json()).predictions[0]?.index).toBe(LIGHTHOUSE);
    const stream = await StreamClient.open(`${gateway.url.replace('http', 'ws')}/v1/stream`);
    stream.classify('one', photo, { top: 1 });
    const answer = await stream.answer('one');
    expect(answer.type === 'result' && answer.predictions[0]?.index).toBe(LIGHTHOUSE);
    stream.close();
    expect((await fetch(`${gateway.url}/`)).headers.get('content-type')).toMatch(/^text\/html/);
  });

  it('runs without root, capabilities and new privileges', async (context) => {
    if (!built) return context.skip(NEEDS);
    const status = z.string().parse(await gateway.run("fs.readFileSync('/proc/1/status', 'utf8')"));
    const line = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1];
    expect([line('Uid'), line('Gid')]).toEqual(['10001\t10001\t10001\t10001', '10001\t10001\t10001\t10001']);
    expect(line('CapEff')).toMatch(/^0+$/);
    expect(line('NoNewPrivs')).toBe('1');
  });

  it('can write to /data and /tmp and nowhere else', async (context) => {
    if (!built) return context.skip(NEEDS);
    const places = ['/', '/app', '/app/models', '/etc', '/usr/local/bin', '/data', '/tmp'];
    const writable = await gateway.run(
      `${JSON.stringify(places)}.filter((place) => { try { fs.writeFileSync(path.join(place, 'probe'), ''); return true; } catch { return false; } })`,
    );
    expect(writable).toEqual(['/data', '/tmp']);
  });

  it('told to stop under load it answers what it accepted, ends with 0 and was never short of memory', async (context) => {
    if (!built) return context.skip(NEEDS);
    const earlier = predictions(await gateway.log());
    const load = hammer(`${gateway.url}/v1/classify`, photo, 8);
    await load.answered(200);
    const used = (await podman(['stats', '--no-stream', '--format', '{{.MemUsage}}', gateway.name])).stdout.trim();
    const before = Object.fromEntries(load.outcomes);
    const exit = await gateway.stop();
    await load.stop();
    const after = Object.fromEntries(load.outcomes);
    say(`Memory under load: ${used}. Stopped in ${exit.seconds.toFixed(1)} s: ${JSON.stringify({ before, after })}`);
    expect(before).toEqual({ OK: before.OK });
    expect(exit).toMatchObject({ code: 0, outOfMemory: false });
    // What it began it answered. Who knocked while the door closed was never let in: BROKEN or REFUSED.
    const log = await gateway.log();
    expect(predictions(log) - earlier).toBe(after.OK);
    expect(log).toContain('"event_type":"stopped"');
  });
});

it('a container that is told to stop while it starts ends at once', async (context) => {
  if (!built) return context.skip(NEEDS);
  const gateway = await ContainerGateway.start('twinlens-early');
  try {
    const exit = await gateway.stop();
    say(`Stopped while it started in ${exit.seconds.toFixed(1)} s.`);
    expect([0, 143]).toContain(exit.code);
  } finally {
    await gateway.remove();
  }
});
