// Results of full runs, so that one benchmark can be run anew and the page be made again from all.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { BENCHES } from './benches.mjs';

const FOLDER = new URL('../.results/', import.meta.url);
const OWN = majorOf(process.versions.node);

/** Versions of Node.js that the page is about: what most users run, and the oldest that is supported. */
export const NODES = [24, 20];

/** The major versions that a benchmark runs with. */
export function nodesOf(name) {
  return BENCHES[name].nodes ?? NODES;
}

const PACKAGES = [
  '@opentelemetry/api',
  '@opentelemetry/sdk-trace-base',
  '@opentelemetry/instrumentation-http',
  '@opentelemetry/exporter-trace-otlp-proto',
  'matomo-tracker',
  'undici',
  'autocannon',
];

/** Keeps what a benchmark found with the Node.js that runs this, with what else it ran on. */
export function saveResult(name, result) {
  mkdirSync(new URL('./', fileOf(name, OWN)), { recursive: true });
  const node = process.versions.node;
  const text = JSON.stringify(
    { ...result, node, date: today(), commit: commit(), machine: machine(), versions: versions() },
    null,
    2,
  );
  writeFileSync(fileOf(name, OWN), `${text}\n`);
}

/** What was kept of this major version of Node.js, or `undefined`. */
export function readResult(name, major) {
  const file = fileOf(name, major);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

function fileOf(name, major) {
  return new URL(`node-${major}/${name}.json`, FOLDER);
}

function majorOf(version) {
  return Number(version.split('.')[0]);
}

function today() {
  return new Date().toISOString().slice(0, 'yyyy-mm-dd'.length);
}

function commit() {
  const { stdout } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' });
  return stdout.trim();
}

function machine() {
  const [cpu] = cpus();
  return `${process.platform} ${process.arch}, ${cpus().length} x ${cpu.model.trim()}`;
}

function versions() {
  return PACKAGES.map(versionOf).join(', ');
}

function versionOf(name) {
  const file = new URL(`../../../node_modules/${name}/package.json`, import.meta.url);
  return `${name} ${JSON.parse(readFileSync(file, 'utf8')).version}`;
}
