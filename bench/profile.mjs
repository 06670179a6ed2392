// Where does the CPU time of a tracked server go? Self time by package and by function, garbage collection included.
//
//   node bench/profile.mjs [package|spool|otlp|noop|floor] [--children 0] [--requests 48000]
//
// Samples are of passing time: where others use the machine too, system calls such as writev seem long.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { start, stop } from './lib/child-process.mjs';
import { table } from './lib/figures.mjs';
import { measureServer } from './lib/measure-server.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    children: { type: 'string', default: '0' },
    requests: { type: 'string', default: '48000' },
  },
});
const [way = 'package'] = positionals;
const SHOWN = 30;
const OURS = 'opentelemetry-matomo';
const WARM_UP = 3000;
/** What stands above each module in the files of dist. */
const PART = '// build/';
const linesOf = new Map();

const folder = mkdtempSync(join(tmpdir(), 'opentelemetry-matomo-bench-'));
const sink = await start('sink.mjs');
try {
  await measureServer(way, sink, {
    requests: Number(values.requests),
    warmUp: WARM_UP,
    childSpans: Number(values.children),
    spool: join(folder, 'spool'),
    nodeOptions: ['--cpu-prof', `--cpu-prof-dir=${join(folder, 'profile')}`],
  });
  report(readProfile(join(folder, 'profile')), Number(values.requests) + WARM_UP);
} finally {
  await stop(sink.child);
  rmSync(folder, { recursive: true, force: true });
}

function readProfile(profiles) {
  const [file] = readdirSync(profiles);
  return JSON.parse(readFileSync(join(profiles, file), 'utf8'));
}

function report({ nodes, samples, timeDeltas }, requests) {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const byOwner = new Map();
  const byFunction = new Map();
  for (const [i, id] of samples.entries()) {
    const frame = byId.get(id);
    const owner = ownerOf(frame);
    if (owner === undefined) continue;
    add(byOwner, owner, timeDeltas[i]);
    add(byFunction, `${owner}  ${nameOf(frame)}`, timeDeltas[i]);
  }
  const rows = (micros, count) =>
    micros
      .sort(([, a], [, b]) => b - a)
      .slice(0, count)
      .map(([name, sum]) => [(sum / requests).toFixed(2), name]);
  const isOurs = ([name]) => name.startsWith(OURS);
  const isOthers = (entry) => !isOurs(entry);
  console.log(table([['µs a request', 'package'], ...rows([...byOwner], SHOWN)]));
  for (const filter of [isOurs, isOthers]) {
    const shown = rows([...byFunction].filter(filter), SHOWN);
    console.log(`\n${table([['µs a request', 'function'], ...shown])}`);
  }
}

function add(sums, name, micros) {
  sums.set(name, (sums.get(name) ?? 0) + micros);
}

/** The package that a function is of; `undefined` where nothing ran. */
function ownerOf({ url, functionName }) {
  if (functionName === '(idle)' || functionName === '(root)') return undefined;
  if (url === '') return functionName.startsWith('(') ? functionName : '(V8)';
  if (url.startsWith('node:')) return 'node';
  if (url.includes('/dist/esm/')) return OURS;
  return /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? 'bench';
}

function nameOf(frame) {
  const { url, functionName, lineNumber } = frame;
  const file = url.replace(/^.*\/(?:node_modules|dist\/esm)\//, '');
  const part = ownerOf(frame) === OURS ? `${partOf(fileURLToPath(url), lineNumber)}, ` : '';
  return `${functionName || '(anonymous)'} ${part}${file}:${lineNumber + 1}`;
}

/** The module of src that a line was in: the bundler says so above each. */
function partOf(path, lineNumber) {
  if (!linesOf.has(path)) linesOf.set(path, readFileSync(path, 'utf8').split('\n'));
  const heads = linesOf.get(path).slice(0, lineNumber + 1);
  return heads.findLast((line) => line.startsWith(PART))?.slice(PART.length) ?? '';
}
