// Where does the CPU time of a tracked server go? Self time by package and by function, garbage collection included.
//
//   node tools/bench/profile.mjs [package|withoutTracing|spool|otlp|noop] [--package <folder>] [--children 0] [--requests 48000]
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { start, stop } from './lib/child-process.mjs';
import { OURS, profileServer } from './lib/cpu-profile.mjs';
import { table } from './lib/figures.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    children: { type: 'string', default: '0' },
    requests: { type: 'string', default: '48000' },
    package: { type: 'string', default: fileURLToPath(new URL('../../', import.meta.url)) },
  },
});
const [way = 'package'] = positionals;
const SHOWN = 30;

const sink = await start('sink.mjs');
try {
  const requests = Number(values.requests);
  const childSpans = Number(values.children);
  const folder = resolve(values.package);
  const profiled = { sink, folder, requests, childSpans };
  const { byOwner, byFunction } = await profileServer(way, profiled);
  const isOurs = ([name]) => name.startsWith(OURS);
  show('package', [...byOwner]);
  show('function', [...byFunction].filter(isOurs));
  show(
    'function',
    [...byFunction].filter((entry) => !isOurs(entry)),
  );
} finally {
  await stop(sink.child);
}

function show(head, micros) {
  const rows = micros
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN)
    .map(([name, sum]) => [sum.toFixed(2), name]);
  console.log(`\n${table([['µs per request', head], ...rows])}`);
}
