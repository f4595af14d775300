/** The compiled gateway, its instances and native libraries on the Node versions that the README names. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseClassification } from '../../core/protocol.ts';
import { startGateway } from '../support/gateway-process.ts';
import { otherNode, root } from './tools.ts';

it.for([20.19, 22, 24])('the gateway classifies on Node %s and ends cleanly', async (major, context) => {
  const node = otherNode(major);
  if (!node) return context.skip('needs Linux on x64');
  const gateway = await startGateway({ node });
  try {
    const body = readFileSync(join(root, 'public/samples/lighthouse.jpg'));
    const response = await fetch(`${gateway.url}/v1/classify?top=1`, { method: 'POST', body });
    expect(parseClassification(await response.json()).predictions[0]?.index).toBe(437);
  } finally {
    expect(await gateway.stop()).toEqual({ code: 0, signal: null });
  }
});
