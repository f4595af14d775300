/**
 * The way from a package that is ready to one that serves: `stable` is held first where that is wanted, then the package
 * appears by one rename, is written down, and is looked for. One that can't be written down is taken back, so that it can
 * be published again when there is room; where it does not appear, `stable` is free again. Knows no transport.
 */
import type { JournalEntry, PublishRequest } from '../../core/admin.ts';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import type { KnownVersions } from './claims.ts';
import type { ImportJob } from './import-job.ts';
import { publishPackage, takeBack } from './publish.ts';

/** The part of the model operations that imports use. */
export interface ImportTarget extends KnownVersions {
  hold(name: string, actor: string): Promise<void>;
  followNewest(name: string, actor: string): Promise<void>;
  load(name: string, version: number, actor: string): Promise<void>;
  setCanary(name: string, request: { readonly version: number; readonly share: number }, actor: string): Promise<void>;
  published(): Promise<void>;
  note(entry: Omit<JournalEntry, 'at'>): Promise<void>;
  readonly readOnly: string | undefined;
}

export interface PublishingOptions {
  readonly target: ImportTarget;
  /** Folder of the published models. */
  readonly root: string;
}

const DEFAULT_SHARE = 0.1;

const DETAILS: Readonly<Record<PublishRequest['as'], string>> = {
  serve: 'to be served',
  hold: 'with stable held where it is',
  canary: 'as canary',
};

/** Errors: CONFLICT, INVALID_ARGUMENT, UNAVAILABLE (the package still waits); ENGINE_FAILED and such of a canary that does not load. */
export async function publishImport(
  job: ImportJob,
  { as, share }: PublishRequest,
  actor: string,
  { target, root }: PublishingOptions,
): Promise<void> {
  if (share !== undefined && as !== 'canary') {
    throw new TwinlensError('INVALID_ARGUMENT', 'A share belongs to a canary; leave it out, or publish as "canary".');
  }
  const made = job.beginPublishing();
  const { name, version } = made.manifest;
  let published = false;
  try {
    const publish = async () => {
      const place = await publishPackage({ ...made, root });
      try {
        const detail = `${name} ${version} from ${job.report.from}, ${DETAILS[as]}`;
        await target.note({ actor, action: 'publish', model: name, version, detail });
        published = true;
      } catch (error) {
        // What is told as failed must not be served a moment later.
        await takeBack(place, made.folder);
        throw error;
      } finally {
        // Also one that was taken back may have been seen already.
        await target.published();
      }
    };
    await (as === 'serve' ? publish() : whileHeld(name, actor, target, publish));
  } finally {
    job.endPublishing(published);
  }
  if (as !== 'canary') return;
  // From here on `stable` stays held whatever happens: a version that was to be tried first must not get it by itself.
  await target.load(name, version, actor);
  await target.setCanary(name, { version, share: share ?? DEFAULT_SHARE }, actor);
}

/** Does `work` while `stable` is held; it stays so when that was done, and is as it was before when it failed. */
async function whileHeld(name: string, actor: string, target: ImportTarget, work: () => Promise<void>): Promise<void> {
  const find = () => target.models().find((model) => model.name === name);
  const before = find();
  if (!before) {
    throw new TwinlensError('CONFLICT', `${name} is new: nothing else can serve meanwhile. Publish it as "serve".`);
  }
  await target.hold(name, actor);
  const held = find()?.labels.stable;
  try {
    await work();
  } catch (error) {
    const now = find();
    // What an operator has decided meanwhile is theirs.
    const ours = before.stable === 'newest' && now?.stable === 'pinned' && now.labels.stable === held && !now.canary;
    if (ours) await letGo(name, actor, target, error);
    throw error;
  }
}

async function letGo(name: string, actor: string, target: ImportTarget, failure: unknown): Promise<void> {
  try {
    await target.followNewest(name, actor);
  } catch (error) {
    const { code, message } = asTwinlensError(failure);
    const left = `stable of ${name} is still held (${asTwinlensError(error).message}); let it follow the newest again`;
    throw new TwinlensError(code, `${message} Besides, ${left}.`, { cause: failure });
  }
}
