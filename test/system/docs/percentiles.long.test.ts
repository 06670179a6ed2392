import { expect, test } from 'vitest';
import { eventually, ROOT } from '../../support/child-process.js';
import { freePort } from '../../support/free-port.js';
import { get, startTracked, titles } from '../../support/registered-app.js';
import { read } from './pages.js';

const PAGE = read('docs/reports.md');
const [, LABELS = '', METRIC = ''] = /sum by \(le, (.*?)\) \(rate\((\w+)\[/.exec(PAGE) ?? [];
const [, VARIABLES = '', FLAGS = ''] =
  /^(OTEL_METRICS_EXPORTER=.*) node (.*) app\.js$/m.exec(PAGE) ?? [];
/** What a health checker requests is not tracked. */
const PROMETHEUS = { 'user-agent': 'Prometheus/3.5.0', connection: 'close' };
const variables = Object.fromEntries(VARIABLES.split(' ').map((each) => each.split('=')));

test('with the command of the page, Prometheus gets the histogram that the query names, and its own requests are not tracked', async () => {
  const port = String(await freePort());
  const env = { ...variables, OTEL_TRACES_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' };
  const { inspector, app } = await startTracked(
    [...FLAGS.split(' '), 'app.js'],
    { ...env, OTEL_EXPORTER_PROMETHEUS_PORT: port },
    { cwd: `${ROOT}examples/alongside-tracing` },
  );
  await get(`${app.url}/users/7`);
  const series = await eventually(async () => {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: PROMETHEUS });
    const text = await response.text();
    return text.split('\n').find((line) => line.startsWith(`${METRIC}{`));
  });
  expect(LABELS.split(', ').filter((label) => !series.includes(`${label}="`))).toEqual([]);
  expect(series).toContain('http_route="/users/:id"');
  await app.stop();
  expect(titles(inspector)).toEqual(['GET /users/:id']);
});
