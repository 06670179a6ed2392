// What V8's profiler says of a server under load, by package and by function, in microseconds a request of passing time: where
// others use the machine too, system calls such as writev seem long.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureServer } from './measure-server.mjs';

export const OURS = 'opentelemetry-matomo';
/** The comment above each module in the files of dist. */
const PART = /^\/\/(?:#region)? build\//;
const linesOf = new Map();

/** Self time by owner and by function of a server that is tracked in this way; the warm-up counts like all requests. */
export async function profileServer(way, { sink, folder, requests, warmUp = 3000, childSpans }) {
  const files = mkdtempSync(join(tmpdir(), 'opentelemetry-matomo-bench-'));
  try {
    const profiles = join(files, 'profile');
    await measureServer(way, {
      sink,
      folder,
      requests,
      warmUp,
      childSpans,
      spool: join(files, 'spool'),
      nodeOptions: ['--cpu-prof', `--cpu-prof-dir=${profiles}`],
    });
    return summarize(readProfile(profiles), requests + warmUp);
  } finally {
    rmSync(files, { recursive: true, force: true });
  }
}

function readProfile(profiles) {
  const [file] = readdirSync(profiles);
  return JSON.parse(readFileSync(join(profiles, file), 'utf8'));
}

function summarize({ nodes, samples, timeDeltas }, requests) {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const byOwner = new Map();
  const byFunction = new Map();
  for (const [i, id] of samples.entries()) {
    const frame = byId.get(id);
    const owner = ownerOf(frame);
    if (owner === undefined) continue;
    add(byOwner, owner, timeDeltas[i] / requests);
    add(byFunction, `${owner}  ${nameOf(frame)}`, timeDeltas[i] / requests);
  }
  return { byOwner, byFunction };
}

function add(sums, name, micros) {
  sums.set(name, (sums.get(name) ?? 0) + micros);
}

/** The package that a function is of; `undefined` where nothing ran. */
function ownerOf({ url, functionName }) {
  if (functionName === '(idle)' || functionName === '(root)') return undefined;
  if (url === '') return functionName.startsWith('(') ? functionName : '(V8)';
  if (url.startsWith('node:')) return 'node';
  if (url.includes('/dist/cjs/')) return OURS;
  return /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? 'bench';
}

function nameOf(frame) {
  const { url, functionName, lineNumber } = frame;
  const file = url.replace(/^.*\/(?:node_modules|dist\/cjs)\//, '');
  const part = ownerOf(frame) === OURS ? `${partOf(fileURLToPath(url), lineNumber)}, ` : '';
  return `${functionName || '(anonymous)'} ${part}${file}:${lineNumber + 1}`;
}

/** The module of src that a line was in: the bundler names it in a comment above each. */
function partOf(path, lineNumber) {
  if (!linesOf.has(path)) linesOf.set(path, readFileSync(path, 'utf8').split('\n'));
  const heads = linesOf.get(path).slice(0, lineNumber + 1);
  return heads.findLast((line) => PART.test(line))?.replace(PART, '') ?? '';
}
