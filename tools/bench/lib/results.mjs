// Results of full runs, so that one benchmark can be run anew and the page be made again from all.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

const FOLDER = new URL('../.results/', import.meta.url);

const PACKAGES = [
  '@opentelemetry/api',
  '@opentelemetry/sdk-trace-base',
  '@opentelemetry/instrumentation-http',
  '@opentelemetry/exporter-trace-otlp-proto',
  'matomo-tracker',
  'undici',
  'autocannon',
];

/** Keeps what a benchmark found, with what it ran on. */
export function saveResult(name, result) {
  mkdirSync(FOLDER, { recursive: true });
  const text = JSON.stringify({ ...result, machine: machine(), versions: versions() }, null, 2);
  writeFileSync(fileOf(name), `${text}\n`);
}

/** What was kept, or `undefined`. */
export function readResult(name) {
  const file = fileOf(name);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

function fileOf(name) {
  return new URL(`${name}.json`, FOLDER);
}

function machine() {
  const [cpu] = cpus();
  return `${process.platform} ${process.arch}, ${cpus().length} x ${cpu.model.trim()}`;
}

function versions() {
  return [`Node.js ${process.version.slice(1)}`, ...PACKAGES.map(versionOf)].join(', ');
}

function versionOf(name) {
  const file = new URL(`../../../node_modules/${name}/package.json`, import.meta.url);
  return `${name} ${JSON.parse(readFileSync(file, 'utf8')).version}`;
}
