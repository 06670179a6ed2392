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
    expect(text).toMatch(
      new RegExp(`^matomo_hits_total\\{matomo_hit_outcome="${outcome}".*\\} 0$`, 'm'),
    );
    expect(RULES).toMatch(new RegExp(`matomo_hit_outcome=~?"[a-z|]*\\b${outcome}\\b`));
  }
  expect(text).toMatch(/^matomo_hits_total\{matomo_hit_outcome="lost",error_type="queue_full"/m);
  const [, age = ''] = /__name__=~"(.*?)"/.exec(RULES) ?? [];
  expect(text).toMatch(new RegExp(`^${age}\\{.*\\} 0$`, 'm'));
});

test('the alert rules fire for losses, for unconfirmed hits and for an outage, and not otherwise', () => {
  requires('promtool');
  const folder = temporaryFolder();
  const series = (name: string, labels: string, values: string) =>
    `      - series: '${name}{job="shop",instance="a"${labels}}'\n        values: '${values}'\n`;
  const hits = (outcome: string, values: string, labels = '') =>
    series('matomo_hits_total', `,matomo_hit_outcome="${outcome}"${labels}`, values);
  const alert = (minutes: number, name: string, labels?: string) =>
    `      - eval_time: ${minutes}m\n        alertname: ${name}\n        exp_alerts:${
      labels === undefined
        ? ' []'
        : `\n          - exp_labels: { job: shop${labels} }\n            exp_annotations: { summary: ${JSON.stringify(summaryOf(name))} }`
    }\n`;
  const ofInstance = ', instance: a';
  const tests = [
    'rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n',
    hits('tracked', '0+600x60'),
    hits('lost', '0x20 1x40', ',error_type="queue_full"'),
    hits('lost', '0x60', ',error_type="spool"'),
    hits('invalid', '0x20 2x40'),
    hits('accepted', '0x20 100x40'),
    series('matomo_queue_oldest_age', '', '5x20 5+60x40'),
    '    alert_rule_test:\n',
    ...['MatomoHitsLost', 'MatomoHitsNotConfirmed', 'MatomoHitsDelayed'].map((name) =>
      alert(20, name),
    ),
    alert(25, 'MatomoHitsNotConfirmed', ofInstance),
    alert(30, 'MatomoHitsDelayed'),
    alert(40, 'MatomoHitsDelayed', ''),
    alert(45, 'MatomoHitsLost'),
  ];
  const lost = `      - eval_time: 25m
        alertname: MatomoHitsLost
        exp_alerts:
          - exp_labels: { job: shop, instance: a, matomo_hit_outcome: lost, error_type: queue_full }
            exp_annotations: { summary: ${JSON.stringify(summaryOf('MatomoHitsLost'))} }
          - exp_labels: { job: shop, instance: a, matomo_hit_outcome: invalid }
            exp_annotations: { summary: ${JSON.stringify(summaryOf('MatomoHitsLost'))} }
`;
  writeFileSync(join(folder, 'rules.yml'), RULES);
  writeFileSync(join(folder, 'tests.yml'), tests.join('') + lost);
  for (const args of [
    ['check', 'rules', 'rules.yml'],
    ['test', 'rules', 'tests.yml'],
  ]) {
    const { status, stdout, stderr } = spawnSync('promtool', args, {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(status, stdout + stderr).toBe(0);
  }
});

function summaryOf(alert: string): string {
  return new RegExp(`alert: ${alert}\\n.*?summary: (.*?)\\n`, 's').exec(RULES)?.[1] ?? '';
}
