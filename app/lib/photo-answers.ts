/**
 * One photo from its file to its answer: prepared in the worker, looked up, else run where the router
 * says, and kept. Guarantees: the file's bytes go to the gateway only inside the router's gateway
 * attempt; a worker that can't prepare does not stop the gateway from answering.
 */
import type { Classification, ClassifyOptions, EncodedImage, EngineStatus } from '../../core/engine.ts';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import { SNIFF_BYTES, sniffEncoding } from '../../core/sniff.ts';
import type { DeviceEngine, Prepared } from '../../workers/engine.ts';
import type { Answer } from './answer.ts';
import type { Clock } from './clock.ts';
import { type ResultCache, resultKey } from './result-cache.ts';
import type { Attempt, EngineRouter } from './router.ts';
import { keptWords } from './words.ts';

export interface PhotoAnswersOptions {
  readonly engine: Pick<DeviceEngine, 'prepare' | 'classifyPrepared' | 'classifyPicture' | 'encode' | 'status'>;
  readonly gateway: (
    image: EncodedImage,
    options: ClassifyOptions & { readonly model?: string },
  ) => Promise<Classification>;
  readonly describe: () => Promise<Manifest>;
  readonly router: Pick<EngineRouter, 'classify'>;
  readonly cache: Pick<ResultCache, 'find' | 'keep'>;
  readonly clock: Clock;
}

export interface PhotoAnswer {
  readonly answer: Answer;
  /** Pixels for a thumbnail; undefined when only the gateway could read the file. */
  readonly prepared: Prepared | undefined;
}

/** Milliseconds for one photo, all attempts together; and how long a model may take to load first. */
const DEADLINE_MS = 20_000;
const WAIT_MS = 120_000;

export class PhotoAnswers {
  readonly #options: PhotoAnswersOptions;

  constructor(options: PhotoAnswersOptions) {
    this.#options = options;
  }

  async answer(file: Blob, signal: AbortSignal): Promise<PhotoAnswer> {
    const { engine, cache, clock, router } = this.#options;
    const started = clock.now();
    const preparation = await this.#prepare(file, signal);
    const prepared = preparation.prepared;
    // Copied before the engine may take the buffer away.
    const shown = prepared && { ...prepared, pixels: prepared.pixels.slice() };
    if (prepared && preparation.identity) {
      const found = await cache.find(resultKey(prepared.digest, preparation.identity));
      if (found) {
        const { result, engine: by } = found;
        return {
          answer: { result, engine: by, source: 'store', waitedMs: clock.now() - started, reason: keptWords(by) },
          prepared: shown,
        };
      }
    }
    const answer = await router.classify(
      {
        device: ({ signal: inner, deadlineMs }) => {
          if (!prepared) throw preparation.error;
          const options = { signal: inner, deadlineMs };
          // The model may have been replaced since: then the file is prepared again, for the one that runs.
          return isFor(prepared, engine.status)
            ? engine.classifyPrepared(prepared, options)
            : engine.classifyPicture(file, options);
        },
        gateway: (attempt) => this.#askGateway(file, attempt, preparation.model),
      },
      { deadlineMs: DEADLINE_MS, waitMs: WAIT_MS, signal },
    );
    const { model: name, version, variant } = answer.result;
    // The pixels are the key only to answers of the model that they were prepared for.
    if (prepared?.model.name === name && prepared.model.version === version) {
      void cache.keep(resultKey(prepared.digest, { name, version, variant }), answer.result, answer.engine);
    }
    return { answer: { ...answer, waitedMs: clock.now() - started }, prepared: shown };
  }

  async #prepare(
    file: Blob,
    signal: AbortSignal,
  ): Promise<
    | { prepared: Prepared; model: string; identity: ResultIdentity | undefined }
    | { prepared: undefined; model: string | undefined; error: TwinlensError }
  > {
    const { engine } = this.#options;
    let model: string | undefined;
    try {
      const manifest = await this.#options.describe();
      model = manifest.name;
      const prepared = await engine.prepare(file, { signal });
      return { prepared, model, identity: identityOf(prepared, engine.status, manifest) };
    } catch (failure) {
      const error = asTwinlensError(failure, 'ENGINE_FAILED');
      if (signal.aborted) throw error;
      return { prepared: undefined, model, error };
    }
  }

  /** The file as it is where the gateway can decode it, else as a JPEG made here. */
  async #askGateway(file: Blob, { signal, deadlineMs }: Attempt, model: string | undefined): Promise<Classification> {
    const head = new Uint8Array(await file.slice(0, SNIFF_BYTES).arrayBuffer());
    const encoding = sniffEncoding(head);
    const image: EncodedImage = encoding
      ? { encoding, data: new Uint8Array(await file.arrayBuffer()) }
      : await this.#options.engine.encode(file, { signal });
    if (signal.aborted) throw new TwinlensError('CANCELLED', 'The request was cancelled.');
    return this.#options.gateway(image, { signal, deadlineMs, ...(model === undefined ? {} : { model }) });
  }
}

interface ResultIdentity {
  readonly name: string;
  readonly version: number;
  readonly variant: string;
}

const same = (a: Omit<ResultIdentity, 'variant'>, b: Omit<ResultIdentity, 'variant'>): boolean =>
  a.name === b.name && a.version === b.version;

const isFor = ({ model }: Prepared, status: EngineStatus): boolean =>
  status.state === 'ready' && same(model, status.model);

/** Whose kept answers may be shown for these pixels; undefined while the models change. */
function identityOf({ model }: Prepared, status: EngineStatus, manifest: Manifest): ResultIdentity | undefined {
  if (status.state === 'ready' && same(model, status.model)) return { ...model, variant: status.model.variant };
  return same(model, manifest) ? { ...model, variant: manifest.defaultVariant } : undefined;
}
