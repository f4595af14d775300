/** The pipeline: its workflows are right and pinned, and those of its checks that need no network find what they look for, and nothing here. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { temporaryFolders } from '../support/temporary.ts';
import { GO_TOOLS, goTool, NO_GO, NO_TRIVY } from './go-tools.ts';
import { root } from './tools.ts';
import { readWorkflows } from './workflows.ts';

const SCAN_MS = 240_000;
const folder = temporaryFolders();
const workflows = readWorkflows();
const steps = workflows.flatMap(({ jobs }) => Object.values(jobs).flatMap((job) => job.steps));

function call(program: string, args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8', timeout: SCAN_MS, input });
  return { status, said: stdout + stderr };
}

describe('the workflows', () => {
  it('are what actionlint accepts', (context) => {
    const actionlint = goTool('actionlint');
    if (!actionlint) return context.skip(NO_GO);
    expect(call(actionlint, ['-no-color'])).toEqual({ status: 0, said: '' });
  });

  it('use actions by the commit of a version that stands beside it, the same one everywhere', () => {
    const uses = workflows.flatMap(({ text }) => [...text.matchAll(/uses: (.+)$/gm)].map(([, what = '']) => what));
    const foreign = uses.filter((what) => !what.startsWith('./'));
    expect(foreign.length).toBeGreaterThan(10);
    expect(foreign.filter((what) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(what))).toEqual([]);
    const pins = new Set(foreign);
    expect(new Set(foreign.map((what) => what.split('@')[0])).size).toBe(pins.size);
  });

  it('may read the repository and no more, unless a job says what for', () => {
    expect(workflows.map(({ permissions }) => permissions)).toEqual(workflows.map(() => ({ contents: 'read' })));
    const writing = workflows.flatMap(({ file, jobs }) =>
      Object.entries(jobs)
        .filter(([, { permissions }]) => Object.values(permissions).includes('write'))
        .map(([name]) => `${file}: ${name}`),
    );
    expect(writing).toEqual(['release.yml: publish', 'release.yml: notes']);
  });

  it('end by themselves, and leave no token in what they check out', () => {
    const endless = workflows.flatMap(({ file, jobs }) =>
      Object.entries(jobs)
        .filter(([, job]) => job.uses === undefined && job['timeout-minutes'] === undefined)
        .map(([name]) => `${file}: ${name}`),
    );
    expect(endless).toEqual([]);
    const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(checkouts.length).toBeGreaterThan(5);
    expect(checkouts.filter((step) => step.with['persist-credentials'] !== false)).toEqual([]);
  });

  it('call commands and files that are there', () => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
    const commands = steps.flatMap(({ run = '' }) => run.split('\n'));
    const named = (pattern: RegExp) => commands.flatMap((line) => pattern.exec(line)?.[1] ?? []);
    expect(named(/^npm (?:run )?(test|[\w:]+)$/).filter((name) => name !== 'ci' && !(name in scripts))).toEqual([]);
    const files = named(/(?:^node|--config) (\S+)/);
    expect(files).toContain('scripts/check-resources.mjs');
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it('use the versions of tools that these tests use', () => {
    const installed = steps.flatMap(({ run = '' }) => [...run.matchAll(/go install (\S+)@(\S+)/g)]);
    expect(installed.map(([, module, version]) => `${module}@${version}`)).toEqual([
      `${GO_TOOLS.gitleaks.module}@${GO_TOOLS.gitleaks.version}`,
    ]);
    const scans = steps.filter(({ uses }) => uses?.startsWith('aquasecurity/trivy-action@'));
    expect(new Set(scans.map((step) => step.with.version))).toEqual(new Set([GO_TOOLS.trivy.version]));
  });
});

describe('the search for secrets', () => {
  const common = ['--config', '.github/gitleaks.toml', '--redact', '--no-banner'];

  it('finds a key that is planted', (context) => {
    const gitleaks = goTool('gitleaks');
    if (!gitleaks) return context.skip(NO_GO);
    // In two parts, so that it is no finding here.
    const planted = `const token = '${['ghp', 'x7Kq2mVt9Rb4Wc8Zp1Ld6Nf3Hs5Jg0Yu7Ea2'].join('_')}';\n`;
    const { status, said } = call(gitleaks, ['stdin', ...common], planted);
    expect(said).toContain('leaks found: 1');
    expect(status).toBe(1);
  });

  it('finds nothing in the history', (context) => {
    const gitleaks = goTool('gitleaks');
    if (!gitleaks) return context.skip(NO_GO);
    if (!existsSync(join(root, '.git'))) return context.skip('this is no clone');
    const { status, said } = call(gitleaks, ['git', ...common, '-v', '.']);
    expect(said).toContain('no leaks found');
    expect(status).toBe(0);
  });
});

describe('the scan of configuration', () => {
  const scan = ['config', '--config', '.github/trivy.yaml', '--skip-check-update'];
  const overlays = join(root, 'deploy/kubernetes/overlays');

  it('finds an image that runs as root', (context) => {
    const trivy = goTool('trivy');
    if (!trivy) return context.skip(NO_TRIVY);
    const bad = join(folder(), 'bad');
    mkdirSync(bad);
    writeFileSync(join(bad, 'Dockerfile'), 'FROM node:24.21.0-bookworm-slim\nUSER root\nCMD ["node"]\n');
    const { status, said } = call(trivy, [...scan, bad]);
    expect(said).toContain("Last USER command in Dockerfile should not be 'root'");
    expect(status).toBe(1);
  });

  it('finds nothing serious in this repository', (context) => {
    const trivy = goTool('trivy');
    if (!trivy) return context.skip(NO_TRIVY);
    const { status, said } = call(trivy, [...scan, '.']);
    expect(status, said).toBe(0);
  });

  it('finds nothing serious in the manifests that are made of bases and patches', (context) => {
    const [trivy, kustomize] = [goTool('trivy'), goTool('kustomize')];
    if (!trivy || !kustomize) return context.skip(NO_TRIVY);
    if (!existsSync(overlays)) return context.skip('there are no manifests');
    const rendered = folder();
    const names = readdirSync(overlays);
    for (const name of names) {
      const built = call(kustomize, ['build', join(overlays, name)]);
      expect(built.status, built.said).toBe(0);
      writeFileSync(join(rendered, `${name}.yaml`), built.said);
    }
    const { status, said } = call(trivy, [...scan, rendered]);
    expect(status, said).toBe(0);
    for (const name of names) expect(said).toMatch(new RegExp(`${name}\\.yaml .* kubernetes`));
  });
});

it('the list of what it is built from names every dependency with its version', () => {
  const { status, said } = call('npm', [
    'sbom',
    '--package-lock-only',
    '--sbom-format',
    'cyclonedx',
    '--loglevel=silent',
  ]);
  expect(status).toBe(0);
  const { bomFormat, components } = z
    .object({ bomFormat: z.string(), components: z.array(z.object({ purl: z.string() })) })
    .parse(JSON.parse(said));
  expect(bomFormat).toBe('CycloneDX');
  const { dependencies } = z
    .object({ dependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  const listed = new Set(
    components.map(({ purl }) => decodeURIComponent(purl.replace(/^pkg:npm\//, '')).split('?')[0]),
  );
  expect(Object.entries(dependencies).filter(([name, version]) => !listed.has(`${name}@${version}`))).toEqual([]);
});
