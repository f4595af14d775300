/**
 * Tools of the pipeline that are Go programs, each built once into `.cache/real/go` at the version named here (which the
 * checksum database of Go vouches for). `undefined` with a printed reason on a machine without Go.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { folder, run, say, works } from './tools.ts';

interface GoTool {
  readonly module: string;
  readonly version: string;
  /** Go's own experiments that its source needs. */
  readonly experiment?: string;
  /** It takes longer to build than all other tests: one on the path is taken, or it is built when BUILD_TRIVY is set. */
  readonly slow?: boolean;
  /** What Go calls the program, where that is not the tool's name. */
  readonly program?: string;
}

/** .github/workflows use the same versions; pipeline.test.ts compares. */
export const GO_TOOLS = {
  actionlint: { module: 'github.com/rhysd/actionlint/cmd/actionlint', version: 'v1.7.12' },
  amtool: { module: 'github.com/prometheus/alertmanager/cmd/amtool', version: 'v0.28.1' },
  'compose-go': { module: 'github.com/compose-spec/compose-go/v2/cmd', version: 'v2.16.2', program: 'cmd' },
  gitleaks: { module: 'github.com/zricethezav/gitleaks/v8', version: 'v8.30.1' },
  kustomize: { module: 'sigs.k8s.io/kustomize/kustomize/v5', version: 'v5.7.1' },
  trivy: { module: 'github.com/aquasecurity/trivy/cmd/trivy', version: 'v0.74.0', experiment: 'jsonv2', slow: true },
} as const satisfies Record<string, GoTool>;

export const NO_GO = 'needs Go 1.26 or newer';
export const NO_TRIVY = 'needs trivy on the path, or BUILD_TRIVY=1 to build it';

/** Path of the program. */
export function goTool(name: keyof typeof GO_TOOLS): string | undefined {
  const { module, version, experiment = '', program: called = name, slow = false }: GoTool = GO_TOOLS[name];
  const bin = join(folder, 'go', version);
  const program = join(bin, called);
  if (existsSync(program)) return program;
  if (slow && works(name, ['--version'])) return name;
  if (slow && !process.env.BUILD_TRIVY) {
    say(
      `Skipped: ${name} is not on the path. Set BUILD_TRIVY=1 to have it built here, which takes four minutes on two idle cores.`,
    );
    return undefined;
  }
  if (!works('go', ['version'])) {
    say(`Skipped: ${name} is built by Go, and this machine has none.`);
    return undefined;
  }
  say(`Building ${name} ${version} into ${bin} ...`);
  mkdirSync(bin, { recursive: true });
  run('env', [`GOBIN=${bin}`, `GOEXPERIMENT=${experiment}`, 'go', 'install', `${module}@${version}`]);
  return program;
}
