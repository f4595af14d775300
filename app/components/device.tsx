/** What this device can do and what it keeps, for those who want to know; and the buttons that make it forget. */
import { useEffect, useState } from 'react';
import type { DeviceCapabilities } from '../../workers/engine.ts';
import type { Runtime } from '../lib/runtime.ts';
import { bytes } from '../lib/words.ts';
import styles from './device.module.css';
import { SmallButton } from './small-button.tsx';
import { useStore } from './use-store.ts';

export function Device({ runtime }: { readonly runtime: Runtime }) {
  const { model, manifest } = useStore(runtime.model.view);
  const { count, problem } = useStore(runtime.cache.view);
  const [open, setOpen] = useState(false);
  const [capabilities, setCapabilities] = useState<DeviceCapabilities>();
  const [forgotten, setForgotten] = useState('');
  // Read again when opened: storage fills while the page lives.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `model` and `forgotten` change what is stored
  useEffect(() => {
    if (!open) return;
    let mounted = true;
    runtime.capabilities().then(
      (found) => {
        if (mounted) setCapabilities(found);
      },
      () => undefined, // The model strip says what is wrong with the worker.
    );
    return () => {
      mounted = false;
    };
  }, [runtime, open, model, forgotten]);

  const forget = async () => {
    try {
      await runtime.clearStore();
      setForgotten('The stored model was deleted. The loaded one runs until the page is closed.');
    } catch (failure) {
      setForgotten(failure instanceof Error ? failure.message : String(failure));
    }
  };
  return (
    <details className={styles.device} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary data-testid="device-toggle">This device and what it keeps</summary>
      <dl className={styles.facts}>
        {capabilities && <Capabilities capabilities={capabilities} />}
        {manifest && (
          <div>
            <dt>Model</dt>
            <dd data-testid="device-model" data-version={model.state === 'ready' ? model.model.version : undefined}>
              {manifest.title}
              {model.state === 'ready' && `, version ${model.model.version}`}, {manifest.licence}
            </dd>
          </div>
        )}
        <div>
          <dt>Kept answers</dt>
          <dd>
            <span data-testid="cache-count" data-count={count}>
              {problem === 'unavailable'
                ? 'None: this browser allows no storage here.'
                : count
                  ? `${count}, so that the same photo is not computed twice`
                  : 'None yet'}
            </span>
          </dd>
        </div>
      </dl>
      <div className={styles.actions}>
        <SmallButton testId="cache-clear" disabled={!count} onClick={() => void runtime.cache.clear()}>
          Clear kept answers
        </SmallButton>
        <SmallButton testId="store-clear" onClick={() => void forget()}>
          Delete the stored model
        </SmallButton>
      </div>
      <p className={styles.note} role="status">
        {forgotten}
      </p>
    </details>
  );
}

function Capabilities({ capabilities }: { readonly capabilities: DeviceCapabilities }) {
  const { wasm, webgpu, storage, crossOriginIsolated } = capabilities;
  return (
    <>
      <div>
        <dt>WebGPU</dt>
        <dd data-testid="webgpu" data-available={webgpu.available}>
          {webgpu.reason || (webgpu.available ? 'Available' : 'Not available')}
        </dd>
      </div>
      <div>
        <dt>WebAssembly</dt>
        <dd>
          {wasm.available
            ? `${wasm.threads} ${wasm.threads === 1 ? 'thread' : 'threads'}${crossOriginIsolated ? '' : '; the page is not cross-origin isolated'}`
            : wasm.reason}
        </dd>
      </div>
      <div>
        <dt>Storage</dt>
        <dd>
          {storage.kind === 'memory'
            ? 'None; the model is loaded anew at each visit'
            : `${bytes(storage.usage)} used${storage.quota > 0 ? ` of ${bytes(storage.quota)} allowed` : ''}`}
        </dd>
      </div>
    </>
  );
}
