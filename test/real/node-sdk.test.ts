/** The client SDK with the WebSocket that newer Nodes bring themselves, against the real gateway. */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { otherNode, root } from './tools.ts';

const PROGRAM = `
import { readFileSync } from 'node:fs';
import { TwinlensClient } from '../client/index.ts';
const client = new TwinlensClient({ url: process.argv[2] ?? '' });
const data = readFileSync(process.argv[3] ?? '');
const socket = await client.classify({ encoding: 'jpeg', data }, { top: 2 });
const http = await client.classifyHttp({ encoding: 'jpeg', data }, { top: 2 });
const roundTrip = await client.ping();
client.close();
console.log(JSON.stringify({ socket: socket.predictions, http: http.predictions, roundTrip }));
`;
let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(async () => {
  await gateway?.stop();
});

it.for([22, 24])('runs on Node %i without a package for WebSockets', async (major, context) => {
  const node = otherNode(major);
  if (!node) return context.skip('needs Linux on x64');
  mkdirSync(join(root, '.cache'), { recursive: true });
  const program = join(root, '.cache', 'sdk-own-websocket.ts');
  writeFileSync(program, PROGRAM);
  const photo = join(root, 'public/samples/clock.jpg');
  const { stdout } = await promisify(execFile)(node, [program, gateway.url, photo], { cwd: root, timeout: 60_000 });
  const answer = JSON.parse(stdout);
  expect(answer.socket).toHaveLength(2);
  expect(answer.socket).toEqual(answer.http);
  expect(answer.roundTrip).toBeGreaterThan(0);
});
