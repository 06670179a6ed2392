// How much later does a process answer its first request?
//
//   node tools/bench/cold-start.mjs [--rounds 7] [--quick]
//
// From the start of a process to the end of its first answer, the least of several processes in each round.
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from './lib/child-process.mjs';
import { spread } from './lib/figures.mjs';
import { ratios, runBench } from './lib/run-bench.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NOBODY = 'http://127.0.0.1:9';
const WAYS = {
  plain: 'node:http alone',
  package: '`--require opentelemetry-matomo/register`, no tracing installed',
  tracing: 'the same, tracing installed',
  otlp: '`--require` of a setup with NodeSDK, http instrumentation and OTLP exporter',
  otlpAuto: '`--require @opentelemetry/auto-instrumentations-node/register`',
};

const millisOf = (way) => (round) => round[way];

process.env.MATOMO_URL = NOBODY;
process.env.MATOMO_SITE_ID = '1';
process.env.OTEL_EXPORTER_OTLP_ENDPOINT = NOBODY;
process.env.OTEL_LOGS_EXPORTER = 'none';
process.env.OTEL_METRICS_EXPORTER = 'none';

await runBench('cold-start', {
  prepare: installAlone,
  end: (folder) => rmSync(folder, { recursive: true, force: true }),
  ways: Object.keys(WAYS),
  async measure(way, { quick, prepared: folder }) {
    const times = [];
    for (let i = 0; i < (quick ? 3 : 5); i++)
      times.push(await firstAnswerMillis(preload(way, folder)));
    return Math.min(...times);
  },
  summarize: (all) => ({
    figures: {},
    rows: [
      ['process', 'ms to the first answer', 'over node:http alone'],
      ...Object.entries(WAYS).map(([way, name]) => [
        name,
        spread(all.map(millisOf(way)), 1),
        spread(ratios(all, millisOf(way), millisOf('plain'))),
      ]),
    ],
  }),
});

/** A copy of the package in a folder that has nothing but what it depends on. */
function installAlone() {
  const folder = mkdtempSync(join(tmpdir(), 'opentelemetry-matomo-bench-'));
  try {
    copyPackage(folder);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return folder;
}

function copyPackage(folder) {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const file of ['package.json', 'dist', 'register']) {
    const target = join(folder, 'node_modules/opentelemetry-matomo', file);
    cpSync(join(ROOT, file), target, { recursive: true });
  }
  for (const name of ['@opentelemetry/api', ...Object.keys(dependencies)]) {
    const installed = join('node_modules', name);
    cpSync(join(ROOT, installed), join(folder, installed), { recursive: true });
  }
}

function preload(way, folder) {
  switch (way) {
    case 'package':
      return [join(folder, 'node_modules/opentelemetry-matomo/register')];
    case 'tracing':
      return [join(ROOT, 'register')];
    case 'otlp':
      return [fileURLToPath(new URL('parts/otlp-setup.cjs', import.meta.url))];
    case 'otlpAuto':
      return [
        join(ROOT, 'node_modules/@opentelemetry/auto-instrumentations-node/build/src/register.js'),
      ];
    default:
      return [];
  }
}

async function firstAnswerMillis(modules) {
  const begun = performance.now();
  const options = modules.flatMap((module) => ['--require', module]);
  const { child, ready: url } = await start('cold-start-server.cjs', [], options);
  await new Promise((resolve, reject) => {
    get(url, (response) => response.resume().once('end', resolve)).once('error', reject);
  });
  const millis = performance.now() - begun;
  const exited = once(child, 'exit');
  child.kill('SIGKILL'); // nothing is delivered, and nothing said about that
  await exited;
  return millis;
}
