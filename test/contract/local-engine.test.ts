/** The rules of every engine, kept by the gateway's own. */
import { createLocalEngine } from '../../gateway/engines/index.ts';
import { platformClock, startRegistry } from '../support/registry.ts';
import { describeInferenceEngine } from './inference-engine.ts';

describeInferenceEngine("the gateway's local instances", async () => {
  const { registry, until } = await startRegistry();
  await until(() => registry.ready);
  const engine = createLocalEngine({ registry, clock: platformClock, deadlineMs: 30_000, client: 'contract' });
  return { engine, close: () => registry.close() };
});
