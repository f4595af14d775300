import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { classification } from '../../test/support/classification.ts';
import { createMetrics } from './index.ts';

describe('metrics', () => {
  /** One of everything. */
  function used() {
    const metrics = createMetrics();
    const { observer } = metrics;
    observer.requestFinished({ model: 'mini', version: 1, code: 'OK', classification: classification() });
    observer.requestFinished({ model: 'mini', version: 1, code: 'QUEUE_FULL' });
    observer.batchRan({ model: 'mini', version: 1, size: 3, provider: 'cpu', inferMs: 12 });
    observer.queueChanged({ model: 'mini', version: 1, pending: 4, limit: 256 });
    observer.instanceExited({ model: 'mini', version: 1, reason: 'signal 9', restarting: true });
    observer.versionState({ model: 'mini', version: 1, state: 'loading' });
    observer.versionState({ model: 'mini', version: 1, state: 'available' });
    observer.loadEnded({ model: 'mini', version: 1, result: 'loaded', loadMs: 1500 });
    observer.loadEnded({ model: 'mini', version: 2, result: 'failed', loadMs: undefined });
    observer.canaryShare({ model: 'mini', share: 0.25 });
    observer.shadowCompared({ model: 'mini', version: 2, agreed: false });
    observer.canaryRolledBack({ model: 'mini' });
    observer.breakerChanged({ model: 'mini', version: 1, open: true });
    observer.breakerChanged({ model: 'mini', version: 2, open: true });
    observer.breakerChanged({ model: 'mini', version: 2, open: undefined });
    observer.degraded({ model: 'mini', reason: 'model', degraded: true });
    metrics.results.looked({ model: 'mini', version: 1, result: 'coalesced' });
    metrics.results.kept(2);
    metrics.refused('MODEL_NOT_FOUND');
    metrics.received('http', 100);
    metrics.sent('socket', 50);
    metrics.socketOpened();
    metrics.watchReady(() => true);
    metrics.stableMoved('mini', 1);
    metrics.stableMoved('mini', 1);
    metrics.stableMoved('mini', 2);
    metrics.sources.scheduled({ source: 'models', intervalMs: 5000 });
    metrics.sources.checked({ source: 'models', at: 1_700_000_000_000, succeeded: true });
    metrics.sources.checked({ source: 'models', at: 1_700_000_005_000, succeeded: false });
    return metrics;
  }

  const scrape = (): Promise<string> => used().registry.metrics();

  test('say what happened, in seconds', async () => {
    const text = await scrape();
    for (const line of [
      'model_predictions_total{model="mini",version="1"} 1',
      'model_inference_seconds_sum{model="mini",version="1",provider="cpu"} 0.012',
      'model_confidence_sum{model="mini",version="1"} 0.9',
      'twinlens_requests_total{model="mini",version="1",code="OK"} 1',
      'twinlens_requests_total{model="mini",version="1",code="QUEUE_FULL"} 1',
      'twinlens_requests_total{model="",version="",code="MODEL_NOT_FOUND"} 1',
      'twinlens_batch_size_sum{model="mini",version="1"} 3',
      'twinlens_pending_requests{model="mini",version="1"} 4',
      'twinlens_request_total_seconds_sum{model="mini",version="1"} 0.006',
      'twinlens_provider_info{model="mini",version="1",provider="cpu"} 1',
      'twinlens_instance_exits_total{model="mini",version="1",restarted="true"} 1',
      'twinlens_model_state{model="mini",version="1",state="available"} 1',
      'twinlens_model_loads_total{model="mini",version="1",result="loaded"} 1',
      'twinlens_model_loads_total{model="mini",version="2",result="failed"} 1',
      'twinlens_model_load_seconds_sum{model="mini"} 1.5',
      'twinlens_canary_share{model="mini"} 0.25',
      'twinlens_shadow_requests_total{model="mini",version="2",agreed="false"} 1',
      'twinlens_canary_rollbacks_total{model="mini"} 1',
      'twinlens_breaker_open{model="mini",version="1"} 1',
      'twinlens_degraded{model="mini",reason="model"} 1',
      'twinlens_cache_requests_total{model="mini",version="1",result="coalesced"} 1',
      'twinlens_cache_entries 2',
      'twinlens_received_bytes_total{transport="http"} 100',
      'twinlens_sent_bytes_total{transport="socket"} 50',
      'twinlens_sockets 1',
      'twinlens_inferences_total{model="mini",version="1"} 3',
      'twinlens_executions_total{model="mini",version="1"} 1',
      'twinlens_queue_limit{model="mini",version="1"} 256',
      'twinlens_ready 1',
      'twinlens_swaps_total{model="mini"} 1',
      'twinlens_source_check_interval_seconds{source="models"} 5',
      'twinlens_source_last_check_timestamp_seconds{source="models"} 1700000000',
      'twinlens_source_check_failures_total{source="models"} 1',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
  });

  test('a version has one state, none once nobody has it, and a share only while a canary runs', async () => {
    const { observer, registry } = createMetrics();
    observer.versionState({ model: 'mini', version: 1, state: 'loading' });
    observer.versionState({ model: 'mini', version: 1, state: 'available' });
    observer.canaryShare({ model: 'mini', share: 0.5 });
    expect((await registry.metrics()).match(/twinlens_(?:model_state|canary_share)\{/g)).toHaveLength(2);
    observer.versionState({ model: 'mini', version: 1, state: undefined });
    observer.canaryShare({ model: 'mini', share: undefined });
    expect(await registry.metrics()).not.toMatch(/twinlens_(?:model_state|canary_share)\{/);
  });

  test('a gateway that nobody has made ready says that it is not', async () => {
    expect(await createMetrics().registry.metrics()).toContain('twinlens_ready 0\n');
  });

  test('a version has one provider: the one that ran last', async () => {
    const { observer, registry } = createMetrics();
    observer.batchRan({ model: 'mini', version: 1, size: 1, provider: 'cuda', inferMs: 1 });
    observer.batchRan({ model: 'mini', version: 1, size: 1, provider: 'cpu', inferMs: 1 });
    expect((await registry.metrics()).match(/twinlens_provider_info\{.*/g)).toEqual([
      'twinlens_provider_info{model="mini",version="1",provider="cpu"} 1',
    ]);
  });

  test('an answer that was there already counts as a request that took its time, and as no part of a run', async () => {
    const { results, registry } = createMetrics();
    const { timings } = classification();
    const cached = classification({ cached: true, timings: { ...timings, total: 2 } });
    results.requestFinished({ model: 'mini', version: 1, code: 'OK', classification: cached });
    const text = await registry.metrics();
    expect(text).toContain('twinlens_requests_total{model="mini",version="1",code="OK"} 1\n');
    expect(text).toContain('model_predictions_total{model="mini",version="1"} 1\n');
    expect(text).toContain('twinlens_request_total_seconds_sum{model="mini",version="1"} 0.002\n');
    expect(text).not.toMatch(/^twinlens_request_(?:queue|decode|prepare|infer)_seconds_count\{/m);
  });

  test('a version that nobody has any more leaves no series; one that is only unloaded keeps its totals', async () => {
    const metrics = used();
    const { observer, registry } = metrics;
    for (const version of [1, 2]) observer.versionState({ model: 'mini', version, state: 'idle' });
    metrics.retired('mini', 1);
    expect(await registry.metrics()).toContain('model_predictions_total{model="mini",version="1"} 1\n');
    observer.versionState({ model: 'mini', version: 1, state: undefined });
    const left = await registry.metrics();
    expect(left).not.toContain('version="1"');
    expect(left).toContain('twinlens_model_loads_total{model="mini",version="2",result="failed"} 1\n');
    expect(left).toContain('twinlens_model_load_seconds_count{model="mini"} 1\n');
    observer.versionState({ model: 'mini', version: 2, state: undefined });
    observer.canaryShare({ model: 'mini', share: undefined });
    // Of all, that another model answers for it is still so: it is why.
    const series = (await registry.metrics()).split('\n').filter((line) => line.includes('model="mini"'));
    expect(series).toEqual(['twinlens_degraded{model="mini",reason="model"} 1']);
  });

  test('a shadowed request counts as no request', async () => {
    const { observer, registry } = createMetrics();
    observer.requestFinished({ model: 'mini', version: 1, code: 'OK', classification: classification(), shadow: true });
    expect(await registry.metrics()).not.toMatch(/^(?:twinlens_requests|model_predictions)_total\{/m);
  });

  test('gauges of a retired version are gone', async () => {
    const metrics = createMetrics();
    metrics.observer.queueChanged({ model: 'mini', version: 1, pending: 0, limit: 256 });
    metrics.observer.batchRan({ model: 'mini', version: 1, size: 1, provider: 'cpu', inferMs: 1 });
    metrics.retired('mini', 1);
    expect(await metrics.registry.metrics()).not.toMatch(/twinlens_(?:pending_requests|queue_limit|provider_info)\{/);
  });

  const promtool = spawnSync('promtool', ['--version']);
  const missing = promtool.error !== undefined;
  test.skipIf(missing)(`promtool finds nothing${missing ? ' (skipped: promtool is not installed)' : ''}`, async () => {
    const check = spawnSync('promtool', ['check', 'metrics'], { input: await scrape(), encoding: 'utf8' });
    expect(check.stdout + check.stderr).toBe('');
    expect(check.status).toBe(0);
  });
});
