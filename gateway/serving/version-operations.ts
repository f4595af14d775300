/** Loading, unloading and removing one version by an operator's wish. */
import { randomUUID } from 'node:crypto';
import { realpath, rename, rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import { diskReason, makeFolder } from '../disk.ts';
import type { Changes } from './changes.ts';
import { held } from './choice.ts';
import type { VersionStatus } from './lifecycle.ts';
import type { ServingLog } from './log.ts';
import { including, MAX_VERSIONS, withModel, without } from './state.ts';

/** Folder in the data folder to which packages are moved before they are deleted. */
const REMOVED = '.removed';

export interface VersionOperationsOptions {
  readonly changes: Changes;
  readonly log: ServingLog;
  /** The gateway's own folder; undefined: nothing can be removed. */
  readonly data: string | undefined;
  /** Looks for what is there now. */
  readonly published: () => Promise<void>;
}

export class VersionOperations {
  readonly #options: VersionOperationsOptions;

  constructor(options: VersionOperationsOptions) {
    this.#options = options;
  }

  /** Deletes what a removal that was cut off has left. */
  async clean(): Promise<void> {
    const { data } = this.#options;
    if (data !== undefined) await this.#delete(join(data, REMOVED));
  }

  load(name: string, version: number, actor: string): Promise<void> {
    const { changes } = this.#options;
    return changes.change(name, `loading ${version}`, () =>
      changes.withVersion(name, version, async () => {
        const { loaded } = changes.placement.saved(name);
        if (loaded.includes(version)) return;
        const detail = `Version ${version} was loaded.`;
        await changes.journal.write({ actor, action: 'load', model: name, version, detail }, (state) =>
          withModel(state, name, (model) => ({
            ...model,
            loaded: including(model.loaded, version, MAX_VERSIONS),
            unloaded: without(model.unloaded, version),
          })),
        );
      }),
    );
  }

  unload(name: string, version: number, actor: string): Promise<void> {
    const { changes } = this.#options;
    return changes.change(name, `unloading ${version}`, async () => {
      changes.status(name, version);
      this.#refuseHeld(name, version);
      const detail = `Version ${version} was unloaded.`;
      await changes.journal.write({ actor, action: 'unload', model: name, version, detail }, (state) =>
        withModel(state, name, (model) => ({
          ...model,
          loaded: without(model.loaded, version),
          unloaded: including(model.unloaded, version, MAX_VERSIONS),
        })),
      );
      await changes.gone(name, version);
    });
  }

  remove(name: string, version: number, actor: string): Promise<void> {
    const { changes, published } = this.#options;
    return changes.change(name, `removing ${version}`, async () => {
      const status = changes.status(name, version);
      this.#refuseHeld(name, version);
      if (changes.placement.stable(name) === version) {
        throw new TwinlensError('CONFLICT', `stable of ${name} is at version ${version}; move it, or unload it first.`);
      }
      const folder = await this.#ownFolder(status);
      const dismissed = changes.placement.dismissVersion(name, version);
      try {
        await changes.gone(name, version);
        const away = await this.#moveAway(folder);
        const detail = `Version ${version} and its files were removed.`;
        try {
          await changes.journal.write({ actor, action: 'remove', model: name, version, detail }, (state) =>
            withModel(state, name, (model) => ({
              ...model,
              previous: without(model.previous, version),
              loaded: without(model.loaded, version),
              unloaded: without(model.unloaded, version),
            })),
          );
        } catch (error) {
          await rename(away, folder);
          throw error;
        }
        await published();
        await this.#delete(away);
      } finally {
        dismissed();
      }
    });
  }

  #refuseHeld(name: string, version: number): void {
    const saved = this.#options.changes.placement.saved(name);
    if (!held(saved).has(version)) return;
    const labels = Object.entries(saved.labels).flatMap(([label, at]) => (at === version ? [label] : []));
    if (saved.canary?.version === version) labels.push('canary');
    throw new TwinlensError('CONFLICT', `${labels.join(' and ')} of ${name} is at version ${version}; move it first.`);
  }

  /** Where its files are. Throws CONFLICT when that is not below the data folder, or its source would bring it back. */
  async #ownFolder({ aspired, folder: known, name, version }: VersionStatus): Promise<string> {
    const { data } = this.#options;
    const refused = (why: string) => new TwinlensError('CONFLICT', `${name}@${version} can't be removed: ${why}.`);
    if (aspired.irremovable !== undefined) throw refused(aspired.irremovable);
    const elsewhere = "its files are not in the gateway's own folder; remove them where they are";
    if (data === undefined) throw refused(elsewhere);
    // It is on this disk, so this only tells where.
    const found =
      known ?? (await aspired.fetch({ signal: AbortSignal.timeout(10_000), onProgress: () => undefined })).folder;
    const folder = await realpath(found);
    if (!folder.startsWith((await realpath(data)) + sep)) throw refused(elsewhere);
    return folder;
  }

  /** By rename: it is there whole or not at all, whatever happens next. */
  async #moveAway(folder: string): Promise<string> {
    const into = join(this.#options.data ?? '', REMOVED);
    const away = join(into, randomUUID());
    try {
      await makeFolder(into);
      await rename(folder, away);
    } catch (cause) {
      const why = diskReason(cause) ?? asTwinlensError(cause).message;
      throw new TwinlensError('UNAVAILABLE', `${folder} can't be removed: ${why}.`, { cause });
    }
    return away;
  }

  async #delete(path: string): Promise<void> {
    try {
      await rm(path, { recursive: true, force: true });
    } catch (error) {
      // Nothing serves it any more; the next start tries again.
      this.#options.log.warn({ event_type: 'leftover', path }, asTwinlensError(error).message);
    }
  }
}
