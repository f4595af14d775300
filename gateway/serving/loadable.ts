/** What the manager loads, hands out and ends: a version on whatever engine runs it. Types only. */
import type { LoadStage } from '../../core/admin.ts';
import type { Provider } from '../../core/engine.ts';
import type { Handle } from './servable.ts';

export interface Loadable {
  /** Once. Resolves when the version can answer; rejects with the reason, or because of `close`, and leaves nothing. */
  load(onStage: (stage: LoadStage) => void): Promise<void>;
  /** Known once it is loaded. */
  readonly provider: Provider;
  /** Of ONNX Runtime in each instance; known once it is loaded. */
  readonly threads: number;
  /** An instance runs: false while the last dead one is being replaced. */
  readonly alive: boolean;
  /** Process ids of its instances, those that still load included. */
  readonly pids: readonly number[];
  /** Resident memory of each instance. */
  readonly memoryBytes: readonly number[];
  acquire(): Handle;
  /** Resolves when no handle is left and the processes are gone. Never rejects. */
  retire(): Promise<void>;
  /** Ends it now, also while it loads or retires; open requests answer DRAINING. Never rejects. */
  close(): Promise<void>;
}
