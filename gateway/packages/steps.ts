/** Runs the steps of an import one after the other and tells how each went. Knows nothing of what they do. */
import type { ImportStepName } from '../../core/admin.ts';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import { diskError } from '../disk.ts';
import type { ImportOptions } from './import.ts';

export interface Outcome<T> {
  readonly value: T;
  /** What was found. */
  readonly message: string;
}

const cancelled = () => new TwinlensError('CANCELLED', 'The import was cancelled.');

/** What a caller of an importer may see: an engine that fails while a model is tried is the model's fault. */
function told(error: unknown): TwinlensError {
  const known = asTwinlensError(diskError(error, "The import can't go on"));
  return known.code === 'ENGINE_FAILED'
    ? new TwinlensError('INVALID_ARGUMENT', known.message, { cause: known })
    : known;
}

export class Steps {
  readonly #options: Pick<ImportOptions, 'signal' | 'onStep'>;

  constructor(options: Pick<ImportOptions, 'signal' | 'onStep'>) {
    this.#options = options;
  }

  /** Rejects with the TwinlensError that the failed step told. @param doing what is told while it runs */
  async run<T>(step: ImportStepName, doing: string, work: () => Promise<Outcome<T>>): Promise<T> {
    const { signal, onStep } = this.#options;
    onStep(step, 'running', doing);
    try {
      if (signal.aborted) throw cancelled();
      const { value, message } = await work();
      onStep(step, 'passed', message);
      return value;
    } catch (error) {
      const known = signal.aborted ? cancelled() : told(error);
      onStep(step, 'failed', known.message);
      throw known;
    }
  }
}
