/**
 * The folder source: aspires to every whole package below a folder, watched and polled. A package that is still being
 * copied is left until it is whole, and one that was whole before stays known while it is being changed. A folder
 * that can't be read any more keeps what was known.
 */
import { relative, sep } from 'node:path';
import type { SourceStatus } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import { isMissing, makeFolder } from '../disk.ts';
import type { Clock } from '../scheduling/index.ts';
import { Bulletin } from './bulletin.ts';
import { FolderWatch } from './folder-watch.ts';
import { type Finding, lookInto } from './package-folder.ts';
import { Schedule } from './schedule.ts';
import type { Aspired, Source, SourceSnapshot } from './source.ts';

export interface FolderSourceOptions {
  readonly name: string;
  readonly folder: string;
  /** Its packages may be removed by the operator. */
  readonly removable: boolean;
  /** That it isn't there is no fault: nothing was published yet. */
  readonly mayBeMissing: boolean;
  /** Milliseconds between two looks; 0: only when something changed. */
  readonly pollMs: number;
  readonly clock: Clock;
  readonly now: () => number;
  readonly onNote: (note: string) => void;
}

type Package = Extract<Finding, { kind: 'package' }>;
type Refused = SourceStatus['refused'][number];

/** Milliseconds without a further change before a look: a copy makes many changes. */
const QUIET_MS = 50;
/** Milliseconds after the first change at which a look comes even though changes go on. */
const LATEST_MS = 1000;
/** Milliseconds for which a half-copied package may stand still before it is told, when nothing polls. */
const STANDSTILL_MS = 10_000;
const SHORTEST_STANDSTILL_MS = 1000;

const ELSEWHERE = "its files are not in the gateway's own folder; remove them where they are";

export class FolderSource implements Source {
  readonly kind = 'folder';
  readonly #options: FolderSourceOptions;
  readonly #schedule: Schedule;
  readonly #watch: FolderWatch;
  readonly #bulletin: Bulletin;
  /** By the package's folder. */
  #known = new Map<string, Package>();
  #refused: readonly Refused[] = [];
  #error: string | undefined;
  #noted: string | undefined;
  #changedSince: number | undefined;
  #stopQuiet: (() => void) | undefined;
  #stopLookAgain: (() => void) | undefined;

  constructor(options: FolderSourceOptions) {
    this.#options = options;
    this.#watch = new FolderWatch(() => this.#changed());
    this.#schedule = new Schedule({
      intervalMs: options.pollMs,
      jitter: 0,
      retryMs: options.pollMs,
      // A package that was published behind a running look's back must not wait for the next poll.
      whileRunning: 'again',
      clock: options.clock,
      now: options.now,
      random: () => 0.5,
      check: () => this.#look(),
      onChange: () => this.#post(),
    });
    this.#bulletin = new Bulletin(this.#state());
  }

  get name(): string {
    return this.#options.name;
  }

  get snapshot(): SourceSnapshot {
    return this.#bulletin.snapshot;
  }

  subscribe(listener: () => void): () => void {
    return this.#bulletin.subscribe(listener);
  }

  async start(): Promise<void> {
    const { folder, mayBeMissing, onNote } = this.#options;
    // What isn't there can't be watched.
    if (mayBeMissing) await makeFolder(folder).catch((error: unknown) => onNote(`${folder}: ${error}`));
    await this.#schedule.check();
  }

  check(): Promise<void> {
    return this.#schedule.check();
  }

  follow(): void {
    // Everything in the folder is served anyway.
  }

  async close(): Promise<void> {
    // A look that still runs sets up watchers and timers at its end.
    await this.#schedule.close();
    this.#stopQuiet?.();
    this.#stopLookAgain?.();
    this.#watch.close();
  }

  #changed(): void {
    const { clock } = this.#options;
    this.#changedSince ??= clock.now();
    this.#stopQuiet?.();
    const wait = Math.max(0, Math.min(QUIET_MS, this.#changedSince + LATEST_MS - clock.now()));
    this.#stopQuiet = clock.after(wait, () => {
      this.#changedSince = undefined;
      void this.#schedule.check();
    });
  }

  /** Resolves with whether the folder could be read. */
  async #look(): Promise<boolean> {
    const { folder, mayBeMissing, clock, now, onNote } = this.#options;
    this.#stopLookAgain?.();
    try {
      const { findings, folders } = await lookInto(folder).catch((error: unknown) => {
        if (mayBeMissing && isMissing(error)) return { findings: [], folders: [] };
        throw error;
      });
      this.#take(findings, now());
      // What changed after it was read and before it was watched is seen by one more look.
      if (this.#watch.set(folders)) this.#changed();
      this.#error = undefined;
      if (findings.some(({ kind }) => kind === 'incomplete'))
        this.#stopLookAgain = clock.after(this.#standstillMs, () => void this.#schedule.check());
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#error = `The models folder ${folder} can't be read (${why}); what was known of it stays.`;
    }
    const unwatched = this.#watch.failure;
    if (unwatched !== undefined && unwatched !== this.#noted) onNote(`${folder} is polled, not watched: ${unwatched}`);
    this.#noted = unwatched;
    return this.#error === undefined;
  }

  get #standstillMs(): number {
    const { pollMs } = this.#options;
    return pollMs === 0 ? STANDSTILL_MS : Math.max(SHORTEST_STANDSTILL_MS, 2 * pollMs);
  }

  #take(findings: readonly Finding[], at: number): void {
    const known = new Map<string, Package>();
    const refused: Refused[] = [];
    const owners = new Map<string, string>();
    for (const finding of findings) {
      const what = relative(this.#options.folder, finding.folder);
      if (finding.kind === 'refused') refused.push({ what, reason: finding.reason });
      else if (finding.kind === 'incomplete' && at - finding.changedAt >= this.#standstillMs)
        refused.push({ what, reason: `It is not complete: ${finding.reason}` });
      // What serves is not given up for what somebody is doing in its folder right now.
      for (const found of finding.kind === 'package' ? [finding] : this.#knownBelow(finding.folder)) {
        const version = `${found.manifest.name}@${found.manifest.version}`;
        const owner = owners.get(version);
        if (owner === undefined) {
          owners.set(version, found.folder);
          known.set(found.folder, found);
        } else {
          const reason = `${version} is in ${relative(this.#options.folder, owner)} already; raise the version.`;
          refused.push({ what, reason });
        }
      }
    }
    this.#known = known;
    this.#refused = refused;
  }

  #knownBelow(folder: string): Package[] {
    return [...this.#known.values()].filter(
      (known) => known.folder === folder || known.folder.startsWith(folder + sep),
    );
  }

  #post(): void {
    this.#bulletin.post(this.#state());
  }

  #state(): SourceSnapshot {
    const { name, folder } = this.#options;
    return {
      aspired: [...this.#known.values()].map((found) => this.#aspire(found)),
      status: {
        name,
        kind: 'folder',
        location: folder,
        checking: this.#schedule.checking,
        lastCheckAt: this.#schedule.lastCheckAt,
        nextCheckAt: this.#schedule.nextCheckAt,
        error: this.#error,
        refused: [...this.#refused],
        offers: [],
      },
    };
  }

  #aspire({ folder, manifest, fingerprint }: Package): Aspired {
    return {
      name: manifest.name,
      version: manifest.version,
      source: this.#options.name,
      fingerprint,
      manifest,
      irremovable: this.#options.removable ? undefined : ELSEWHERE,
      fetch: async ({ signal }) => {
        if (signal.aborted) throw new TwinlensError('CANCELLED', 'Loading the model was cancelled.');
        return { folder, manifest };
      },
    };
  }
}
