import { parseConfiguration } from '../../gateway/configuration/index.ts';
import { ModelManager } from '../../gateway/serving/manager.ts';
import { assemble, type ServingRegistry } from '../../gateway/serving/registry.ts';
import type { ServableRequest, ServingObserver } from '../../gateway/serving/servable.ts';
import type { Aspired, Source } from '../../gateway/sources/index.ts';
import { builtIn } from '../contract/inference-engine.ts';
import { FakeClock } from '../doubles/fake-clock.ts';
import { FakeSource } from '../doubles/fake-source.ts';
import { InstantModel, type Script } from '../doubles/instant-model.ts';
import type { LogLine } from './registry.ts';

export interface ServingUnderTest {
  readonly registry: ServingRegistry;
  readonly source: FakeSource;
  readonly clock: FakeClock;
  readonly log: readonly LogLine[];
  /** Calls of the observer, as `name` and what it was told. */
  readonly told: readonly (readonly [keyof ServingObserver, object])[];
  /** How version `version` behaves; may be changed while it serves. */
  script(version: number): Script;
  /** The source has these versions of `mini` now. */
  publish(...versions: number[]): void;
}

export interface ServingOptions {
  readonly data?: string | undefined;
  readonly environment?: Record<string, string>;
  readonly versions?: readonly number[];
  readonly random?: () => number;
  readonly sources?: readonly Source[];
  readonly scripts?: Readonly<Record<number, Script>>;
  /** Of a version, its folder on a disk. */
  readonly folder?: (version: number) => string;
  /** There is also a model `spare` of this version, whatever is published. */
  readonly spare?: number;
  /** Why versions can't be removed. */
  readonly irremovable?: string;
  /** Fetches a version, in the place of one that is on the disk already. */
  readonly fetch?: Aspired['fetch'];
}

export const request = (more: Partial<ServableRequest> = {}): ServableRequest => ({
  image: { encoding: 'jpeg', data: new Uint8Array(8) },
  top: 1,
  deadline: 10_000,
  priority: 'normal',
  client: 'test',
  ...more,
});

export async function startServing(options: ServingOptions = {}): Promise<ServingUnderTest> {
  const clock = new FakeClock();
  const log: LogLine[] = [];
  const told: (readonly [keyof ServingObserver, object])[] = [];
  const scripts = new Map<number, Script>(
    Object.entries(options.scripts ?? {}).map(([version, script]) => [Number(version), script]),
  );
  const script = (version: number): Script => {
    const known = scripts.get(version);
    if (known) return known;
    const made: Script = {};
    scripts.set(version, made);
    return made;
  };
  const source = new FakeSource();
  const spare = options.spare === undefined ? [] : [{ name: 'spare', version: options.spare }];
  const publish = (...versions: number[]) =>
    source.has(
      [...versions.map((version) => ({ name: 'mini', version })), ...spare].map(({ name, version }): Aspired => {
        const manifest = { ...builtIn, name, version };
        const folder = options.folder?.(version) ?? `${name}/${version}`;
        return {
          name,
          version,
          source: 'models',
          fingerprint: 'a',
          manifest,
          irremovable: options.irremovable,
          fetch: options.fetch ?? (() => Promise.resolve({ folder, manifest })),
        };
      }),
    );
  publish(...(options.versions ?? [1]));
  const write = (level: LogLine['level']) => (fields: object, message?: string) =>
    void log.push({ level, fields: { ...fields }, message });
  const tell = (name: keyof ServingObserver) => (event: object) => void told.push([name, event]);
  const random = options.random ?? (() => 0.5);
  const configuration = parseConfiguration({ TWINLENS_DATA: options.data ?? '', ...options.environment });
  const registry = await assemble(
    {
      configuration,
      clock,
      log: { info: write('info'), warn: write('warn'), error: write('error') },
      observer: {
        requestFinished: tell('requestFinished'),
        batchRan: tell('batchRan'),
        queueChanged: tell('queueChanged'),
        instanceExited: tell('instanceExited'),
        versionState: tell('versionState'),
        loadEnded: tell('loadEnded'),
        canaryShare: tell('canaryShare'),
        shadowCompared: tell('shadowCompared'),
        canaryRolledBack: tell('canaryRolledBack'),
        breakerChanged: tell('breakerChanged'),
        degraded: tell('degraded'),
      },
      sources: options.sources ?? [source],
      today: () => 1_700_000_000_000 + clock.now(),
      random,
    },
    (observer) =>
      new ModelManager({
        swap: configuration.swap,
        clock,
        random,
        make: (found) => new InstantModel(found, script(found.manifest.version), observer),
      }),
  );
  return { registry, source, clock, log, told, script, publish };
}
