/**
 * Brings one version's package onto this disk through its source. Guarantees an end: a fetch that makes no progress
 * is given up, one that ignores its abort is left behind, and a package of another version is refused.
 */
import { TwinlensError } from '../../core/errors.ts';
import type { Clock } from '../scheduling/index.ts';
import type { Aspired, FetchProgress, PackageOnDisk } from '../sources/index.ts';

/** Milliseconds without progress after which a fetch is given up. Sources give up their connections long before. */
const STALL_MS = 600_000;
/** Milliseconds that a source has to tidy up after an abort. */
const GRACE_MS = 5_000;

export interface Fetching {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  onProgress(progress: FetchProgress): void;
}

/** Rejects with the source's error, CANCELLED when `signal` aborts, UNAVAILABLE when the fetch stalls. */
export async function fetchPackage(aspired: Aspired, { clock, signal, onProgress }: Fetching): Promise<PackageOnDisk> {
  const what = `${aspired.name}@${aspired.version}`;
  const stop = new AbortController();
  let stopTimer = (): void => undefined;
  let giveUp = (_why: TwinlensError): void => undefined;
  const ignored = new Promise<never>((_, reject) => {
    giveUp = (why) => {
      stop.abort(why);
      stopTimer();
      stopTimer = clock.after(GRACE_MS, () => reject(why));
    };
  });
  const cancel = () => giveUp(new TwinlensError('CANCELLED', `Loading ${what} was given up.`));
  const stall = () =>
    giveUp(new TwinlensError('UNAVAILABLE', `The source ${aspired.source} sends nothing of ${what} any more.`));
  const watch = () => {
    stopTimer();
    stopTimer = clock.after(STALL_MS, stall);
  };
  const progressed = (progress: FetchProgress) => {
    if (stop.signal.aborted) return;
    watch();
    onProgress(progress);
  };
  if (signal.aborted) cancel();
  else signal.addEventListener('abort', cancel, { once: true });
  try {
    stop.signal.throwIfAborted();
    watch();
    const found = await Promise.race([aspired.fetch({ signal: stop.signal, onProgress: progressed }), ignored]);
    stop.signal.throwIfAborted();
    const { name, version } = found.manifest;
    if (name !== aspired.name || version !== aspired.version) {
      throw new TwinlensError('INVALID_ARGUMENT', `The package of ${what} says that it is ${name}@${version}.`);
    }
    return found;
  } catch (error) {
    // What a source says after its abort is not the reason.
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    stopTimer();
    signal.removeEventListener('abort', cancel);
  }
}
