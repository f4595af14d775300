/**
 * A version whose runs end when a test says so. Keeps the rules of a handle: a request that is aborted, or reaches
 * its deadline (read anew at each look, as the queue does), rejects by itself. Counts as the real one does.
 */
import type { Classification } from '../../core/engine.ts';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import type { Handle, ServableRequest, ServingObserver } from '../../gateway/serving/index.ts';
import { classification } from '../support/classification.ts';
import type { FakeClock } from './fake-clock.ts';

export interface FakeRun {
  readonly request: ServableRequest;
  readonly version: number;
  open: boolean;
  answer(more?: Partial<Classification>): void;
  fail(error: TwinlensError): void;
}

export interface FakeServableOptions {
  readonly clock: FakeClock;
  readonly observer: Pick<ServingObserver, 'requestFinished'>;
  readonly model?: string;
  readonly version?: number;
  /** What a run answers that is told nothing else. */
  readonly answerTo?: (request: ServableRequest) => Classification;
}

export class FakeServable {
  /** Every run that was begun, oldest first. */
  readonly runs: FakeRun[] = [];
  /** Handles that were acquired and not released. */
  handles = 0;
  readonly name: string;
  readonly version: number;
  readonly #options: FakeServableOptions;

  constructor(options: FakeServableOptions) {
    this.#options = options;
    this.name = options.model ?? 'mini';
    this.version = options.version ?? 1;
  }

  get open(): readonly FakeRun[] {
    return this.runs.filter(({ open }) => open);
  }

  acquire(): Handle {
    const { name, version } = this;
    this.handles += 1;
    let held = true;
    return {
      name,
      version,
      variant: 'w16',
      classify: (request) => this.#counted(this.#classify(request)),
      release: () => {
        if (held) this.handles -= 1;
        held = false;
      },
    };
  }

  async #counted(running: Promise<Classification>): Promise<Classification> {
    const { name: model, version } = this;
    const { observer } = this.#options;
    try {
      const answer = await running;
      observer.requestFinished({ model, version, code: 'OK', classification: answer });
      return answer;
    } catch (error) {
      observer.requestFinished({ model, version, code: asTwinlensError(error).code });
      throw error;
    }
  }

  #classify(request: ServableRequest): Promise<Classification> {
    const { name: model, version } = this;
    const { clock, answerTo = () => classification({ model, version }) } = this.#options;
    return new Promise((resolve, reject) => {
      const end = () => {
        run.open = false;
      };
      const run: FakeRun = {
        request,
        version,
        open: true,
        answer: (more) => {
          end();
          resolve({ ...answerTo(request), ...more });
        },
        fail: (error) => {
          end();
          reject(error);
        },
      };
      const watch = () => {
        if (!run.open) return;
        const left = request.deadline - clock.now();
        if (left > 0) clock.after(left, watch);
        else run.fail(new TwinlensError('DEADLINE_EXCEEDED', 'Too late.'));
      };
      this.runs.push(run);
      request.signal?.addEventListener('abort', () => run.fail(new TwinlensError('CANCELLED', 'Cancelled.')));
      watch();
    });
  }
}
