/** The rules of every engine, kept by the one that asks a real gateway. */
import { WebSocket } from 'ws';
import { createGatewayEngine, TwinlensClient } from '../../client/index.ts';
import { startGateway } from '../support/gateway-process.ts';
import { describeInferenceEngine } from './inference-engine.ts';

describeInferenceEngine('through the gateway', async () => {
  // The contract is that of a model that runs; kept answers have tests of their own.
  const gateway = await startGateway({ env: { TWINLENS_CACHE_ENTRIES: '0' } });
  const client = new TwinlensClient({ url: gateway.url, WebSocket });
  return {
    engine: createGatewayEngine(client),
    close: async () => {
      client.close();
      await gateway.stop();
    },
  };
});
