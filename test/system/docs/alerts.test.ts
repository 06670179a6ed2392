import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { expect, onTestFinished, test } from 'vitest';
import { MatomoSpanExporter } from '../../../src/index.js';
import { requires } from '../../support/skips.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { read } from './pages.js';

const [, RULES = ''] = /```yaml\n(groups:.*?)```/s.exec(read('docs/counts.md')) ?? [];

test('the alert rules name metrics, labels and values that Prometheus gets', async () => {
  const reader = new PrometheusExporter({ preventServerStart: true });
  const meterProvider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => meterProvider.shutdown());
  const matomo = new MatomoSpanExporter({ url: 'http://127.0.0.1:9', siteId: 1, meterProvider });
  onTestFinished(() => matomo.shutdown());
  const { resourceMetrics } = await reader.collect();
  const text = new PrometheusSerializer('', false).serialize(resourceMetrics);
  for (const outcome of ['lost', 'invalid', 'accepted']) {
    expect(text).toMatch(RegExp(`^matomo_hits_total\\{matomo_hit_outcome="${outcome}".* 0$`, 'm'));
    expect(RULES).toMatch(RegExp(`matomo_hit_outcome=~?"[a-z|]*\\b${outcome}\\b`));
  }
  expect(text).toMatch(/^matomo_hits_total\{matomo_hit_outcome="lost",error_type="queue_full"/m);
  const [, age = ''] = /__name__=~"(.*?)"/.exec(RULES) ?? [];
  expect(text).toMatch(new RegExp(`^${age}\\{.*\\} 0$`, 'm'));
});

test('the alert rules fire for losses, for unconfirmed hits and for an outage, and not otherwise', () => {
  requires('promtool');
  const cwd = temporaryFolder();
  const SERIES = {
    'hits_total{matomo_hit_outcome="tracked",': '0+600x60',
    'hits_total{matomo_hit_outcome="lost",error_type="queue_full",': '0x20 1x40',
    'hits_total{matomo_hit_outcome="lost",error_type="spool",': '0x60',
    'hits_total{matomo_hit_outcome="invalid",': '0x20 2x40',
    'hits_total{matomo_hit_outcome="accepted",': '0x20 100x40',
    'queue_oldest_age{': '5x20 5+60x40',
  };
  const input_series = Object.entries(SERIES).map(([name, values]) => ({
    series: `matomo_${name}job="shop",instance="a"}`,
    values,
  }));
  const job = { job: 'shop' };
  const instance = { ...job, instance: 'a' };
  const lost = { ...instance, matomo_hit_outcome: 'lost', error_type: 'queue_full' };
  const rows: readonly (readonly [minutes: number, alert: string, ...fires: object[]])[] = [
    [20, 'MatomoHitsLost'],
    [20, 'MatomoHitsNotConfirmed'],
    [20, 'MatomoHitsDelayed'],
    [25, 'MatomoHitsLost', lost, { ...instance, matomo_hit_outcome: 'invalid' }],
    [25, 'MatomoHitsNotConfirmed', instance],
    [30, 'MatomoHitsDelayed'],
    [40, 'MatomoHitsDelayed', job],
    [45, 'MatomoHitsLost'],
  ];
  const alert_rule_test = rows.map(([minutes, alertname, ...fires]) => {
    const [, summary] =
      new RegExp(`alert: ${alertname}\\n.*?summary: (.*?)\\n`, 's').exec(RULES) ?? [];
    const exp_alerts = fires.map((exp_labels) => ({ exp_labels, exp_annotations: { summary } }));
    return { eval_time: `${minutes}m`, alertname, exp_alerts };
  });
  const tests = [{ interval: '1m', input_series, alert_rule_test }];
  const file = { rule_files: ['rules.yml'], evaluation_interval: '1m', tests };
  writeFileSync(join(cwd, 'rules.yml'), RULES);
  writeFileSync(join(cwd, 'tests.yml'), JSON.stringify(file)); // which is YAML, too
  for (const args of ['check rules rules.yml', 'test rules tests.yml']) {
    const ended = spawnSync('promtool', args.split(' '), { cwd, encoding: 'utf8' });
    expect(ended.status, ended.stdout + ended.stderr).toBe(0);
  }
});
