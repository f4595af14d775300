/** What the visitor should know beside the work itself: offline, gateway gone, storage full, a recovery. */

import type { NoticeCode } from '../../core/engine.ts';
import type { Runtime } from '../lib/runtime.ts';
import { Message } from './message.tsx';
import styles from './notices.module.css';
import type { TabName } from './tabs.tsx';
import { useStore } from './use-store.ts';

interface NoticesProps {
  readonly runtime: Runtime;
  readonly tab: TabName;
}

export function Notices({ runtime, tab }: NoticesProps) {
  const online = useStore(runtime.online);
  const { mode, gateway, route } = useStore(runtime.router);
  const cache = useStore(runtime.cache.view);
  const events = useStore(runtime.notices);
  const { failure } = useStore(runtime.updates.view);
  const needsGateway = mode === 'only-gateway';
  const wantsGateway = needsGateway || mode === 'prefer-gateway';
  const unreachable = gateway.state === 'unreachable' && mode !== 'only-device';
  return (
    <div className={styles.notices} role="status">
      {!online && (
        <Message
          tone={needsGateway ? 'bad' : 'warn'}
          code="offline"
          title="You are offline"
          text={
            needsGateway
              ? 'The gateway can’t be reached. Run on the device until the network is back.'
              : 'The device goes on by itself; the gateway is back when the network is.'
          }
          action={needsGateway ? { label: 'Use the device', run: () => runtime.setMode('prefer-device') } : undefined}
        />
      )}
      {online && unreachable && (
        <Message
          tone={needsGateway ? 'bad' : wantsGateway ? 'warn' : 'info'}
          code="gateway-unreachable"
          title="The gateway can’t be reached"
          text={
            needsGateway
              ? 'The page keeps trying. Run on the device, or check that the gateway is up.'
              : route.engine === 'device'
                ? 'The device answers by itself; the page keeps trying the gateway.'
                : 'The page keeps trying. Check that the gateway is up, or wait for the model on this device.'
          }
          action={{ label: 'Try now', run: runtime.reconnect }}
        />
      )}
      {gateway.state === 'draining' && (
        <Message
          tone="info"
          code="gateway-draining"
          title="The gateway is restarting"
          text="The page connects again by itself."
        />
      )}
      {cache.problem === 'full' && tab === 'photos' && (
        <Message
          tone="warn"
          code="storage-full"
          title="This browser’s storage is full"
          text="Answers are right, but they are not kept for next time. Clear the kept ones to make room."
          action={{ label: 'Clear kept answers', run: () => void runtime.cache.clear() }}
        />
      )}
      {failure && (
        <Message
          tone="warn"
          code="model-update-failed"
          title={`${failure.target.name === failure.kept.name && failure.target.version > failure.kept.version ? 'A newer' : 'Another'} version could not be loaded on this device`}
          text={`${failure.error.message} Version ${failure.kept.version} goes on.`}
          action={{ label: 'Try again', run: () => runtime.updates.check(), testId: 'update-retry' }}
          dismiss={() => runtime.updates.dismiss()}
        />
      )}
      {events.map(({ id, code, message }) => (
        <Message
          key={id}
          tone={code === 'DEVICE_LOST' || code === 'STORE_UNAVAILABLE' ? 'warn' : 'info'}
          code={code}
          title={TITLES[code]}
          text={message}
          dismiss={() => runtime.dismiss(id)}
        />
      ))}
    </div>
  );
}

const TITLES: Readonly<Record<NoticeCode, string>> = {
  BACKEND_CHOSEN: 'The backend was chosen',
  WEBGPU_REJECTED: 'WebGPU is not used here',
  DEVICE_LOST: 'The GPU was lost and replaced',
  WORKER_RESTARTED: 'The model was restarted',
  STORE_UNAVAILABLE: 'The model can’t be stored here',
  RECONNECTING: 'The gateway was lost',
  RECONNECTED: 'The gateway is back',
};
