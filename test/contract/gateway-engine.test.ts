/** The rules of every engine, kept by the one that asks a real gateway. */
import { WebSocket } from 'ws';
import { createGatewayEngine, TwinlensClient } from '../../client/index.ts';
import { startGateway } from '../support/gateway-process.ts';
import { describeInferenceEngine } from './inference-engine.ts';

describeInferenceEngine('through the gateway', async () => {
  const gateway = await startGateway();
  const client = new TwinlensClient({ url: gateway.url, WebSocket });
  return {
    engine: createGatewayEngine(client),
    close: async () => {
      client.close();
      await gateway.stop();
    },
  };
});
