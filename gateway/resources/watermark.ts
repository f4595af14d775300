/**
 * Says when memory is nearly used up, so that requests are refused before the kernel ends processes. Begins at the
 * watermark and ends a little below it, so that it does not change its mind with every request.
 */
import type { Allowance } from './allowance.ts';
import type { Usage } from './monitor.ts';

export interface WatermarkOptions {
  readonly allowance: Allowance;
  readonly usage: () => Usage;
  /** Of the limit, from which on it is an overload; 0: never. */
  readonly percent: number;
  readonly log: WatermarkLog;
  /** A request is about to be refused. */
  readonly onShed: () => void;
}

interface WatermarkLog {
  info(line: object, message: string): void;
  warn(line: object, message: string): void;
}

/** Percentage points below the watermark at which it is over. */
const HYSTERESIS = 5;

/** Returns what to tell those who are refused, or undefined while there is room. */
export function memoryWatermark({
  allowance,
  usage,
  percent,
  log,
  onShed,
}: WatermarkOptions): () => string | undefined {
  // Others may fill an unlimited machine, and nothing that is refused here would empty it.
  if (percent === 0 || allowance.scope === 'machine') return () => undefined;
  let over = false;
  return () => {
    const { memoryBytes, memoryLimitBytes } = usage();
    const used = (memoryBytes / memoryLimitBytes) * 100;
    const line = { memory_bytes: memoryBytes, memory_limit_bytes: memoryLimitBytes };
    if (!over && used >= percent) {
      over = true;
      log.warn({ event_type: 'memory_high', ...line }, 'requests are refused until memory is free again');
    } else if (over && used < percent - HYSTERESIS) {
      over = false;
      log.info({ event_type: 'memory_well', ...line }, 'requests are taken again');
    }
    if (!over) return undefined;
    onShed();
    return `${Math.round(used)} % of the gateway's memory is in use; try again later.`;
  };
}
