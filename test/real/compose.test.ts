/**
 * The compose files and the configuration of what watches the gateway, judged by compose-go (what `docker compose config` is
 * made of), promtool and amtool.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ComposeFile, compose } from './compose-model.ts';
import { goTool, NO_GO } from './go-tools.ts';
import { expectSettings, judge } from './judging.ts';
import { folder, promtool, root } from './tools.ts';

let composeGo: string | undefined;
beforeAll(() => {
  composeGo = goTool('compose-go');
});

describe('the compose files', () => {
  const combinations: readonly { readonly files: readonly ComposeFile[] }[] = [
    { files: ['compose'] },
    { files: ['compose', 'compose.cuda'] },
    { files: ['compose', 'compose.local'] },
    { files: ['compose', 'compose.mlflow'] },
  ];

  it.for(combinations)('$files are accepted, and their settings are settings of the gateway', ({ files }, context) => {
    if (!composeGo) return context.skip(NO_GO);
    const { gateway } = compose(composeGo, ...files).services;
    expectSettings(gateway?.environment ?? {});
  });

  it('a key that there is not is refused', (context) => {
    if (!composeGo) return context.skip(NO_GO);
    const file = join(folder, 'wrong-compose.yaml');
    writeFileSync(file, readFileSync(join(root, 'deploy/compose.yaml'), 'utf8').replace('read_only:', 'readonly:'));
    expect(() => judge(composeGo ?? '', [file])).toThrow(/readonly/);
  });

  it('only the gateway can be reached; what watches it is on a network without a way in or out', (context) => {
    if (!composeGo) return context.skip(NO_GO);
    const { services, networks } = compose(composeGo, 'compose');
    const published = Object.entries(services).filter(([, { ports }]) => ports.length > 0);
    expect(published.map(([name, { ports }]) => [name, ports.map(({ target }) => target)])).toEqual([
      ['gateway', [8080]],
    ]);
    expect(networks.back?.internal).toBe(true);
    for (const [name, service] of Object.entries(services)) {
      const open = Object.keys(service.networks).filter((network) => !networks[network]?.internal);
      expect([name, open]).toEqual([name, { gateway: ['front'], alertmanager: ['notify'] }[name] ?? []]);
    }
  });

  it('compose.local opens the watchers on this machine only', (context) => {
    if (!composeGo) return context.skip(NO_GO);
    const { services } = compose(composeGo, 'compose', 'compose.local');
    for (const name of ['prometheus', 'alertmanager', 'grafana']) {
      expect(services[name]?.ports.map((port) => port.host_ip)).toEqual(['127.0.0.1']);
    }
  });

  it('every service is read-only, without capabilities, limited, watched, and of an exact version', (context) => {
    if (!composeGo) return context.skip(NO_GO);
    const { services, secrets } = compose(composeGo, 'compose');
    expect(Object.keys(services)).toEqual(['alertmanager', 'gateway', 'grafana', 'mlflow', 'prometheus']);
    for (const [name, service] of Object.entries(services)) {
      expect(service, name).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        healthcheck: { test: expect.any(Array) },
      });
      expect(service.image, name).toMatch(/^twinlens:cpu$|:v?\d+\.\d+\.\d+$/);
    }
    expect(Object.values(secrets).every(({ file }) => /(?:^|\/)secrets\//.test(file))).toBe(true);
  });

  it('compose.cuda reserves one GPU', (context) => {
    if (!composeGo) return context.skip(NO_GO);
    const { gateway } = compose(composeGo, 'compose', 'compose.cuda').services;
    expect(gateway?.deploy.resources.reservations.devices).toMatchObject([{ driver: 'nvidia', capabilities: ['gpu'] }]);
  });
});

describe('what watches the gateway', () => {
  it('Prometheus accepts its configuration, with the rules', (context) => {
    const tool = promtool();
    if (!tool) return context.skip("needs Debian's prometheus package");
    expect(judge(tool, ['check', 'config', 'deploy/prometheus/prometheus.yml'])).toMatch(/1 rule files found/);
  });

  it('Alertmanager accepts its configuration', (context) => {
    const tool = goTool('amtool');
    if (!tool) return context.skip(NO_GO);
    expect(judge(tool, ['check-config', 'deploy/alertmanager/alertmanager.yml'])).toMatch(/SUCCESS/);
  });
});
