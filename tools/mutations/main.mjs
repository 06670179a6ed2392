// `node tools/mutations/main.mjs`: changes one place of `src` after another, and finds out which tests fail. See README.md.
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../scripts/setup.mjs';
import { mutationsOf } from './mutate.mjs';

/** The suites of a folder of `src` run first, because they find most of its mutations. */
const NEAR_SUITES = {
  capture: ['capture'],
  request: ['capture', 'spans'],
  spans: ['capture', 'spans'],
  register: ['capture', 'spans', 'end'],
  tracker: ['capture', 'spans', 'end'],
  hit: ['hit', 'spans'],
  delivery: ['delivery', 'store', 'end'],
};

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    found: { type: 'string', default: '30' },
    folders: { type: 'string', default: 'capture,request,spans,tracker,hit,delivery' },
    without: { type: 'string', default: '' },
    again: { type: 'boolean', default: false },
    continue: { type: 'boolean', default: false },
    suites: { type: 'string', default: 'test/contracts' },
    nearest: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '120' },
    out: { type: 'string', default: '.mutations' },
  },
});

/** Caches, texts of messages, and tables that are data. */
const NO_BEHAVIOR =
  /(?:generation-cache|messages|diagnostics|line-limiter|explain-error|otel-types|-code)\.ts$/;

/** So many test files run first, because most mutations are found by one of them. */
const NEAREST = 12;
/** Types are not loaded. */
const IMPORT = /^(?:import|export)(?! type)[^;]*? from '(\.[^']+)'/gm;
/** Files that import another one, once they are needed. */
let importers;

const RESULTS = join(ROOT, values.out, `seed-${values.seed}.jsonl`);
const random = createRandom(Number(values.seed));

requireCleanTree();
if (values.again) await runSuitesAgain();
else await mutateUntilFound(Number(values.found));
build();

/** Runs the suites for the mutations of the last run that only the other tests found. */
async function runSuitesAgain() {
  const results = readResults();
  const known = results.filter(({ now }) => now === 'found');
  for (const result of known.filter(({ suites }) => suites !== 'found')) {
    const place = { ...result, text: readFileSync(join(ROOT, result.file), 'utf8') };
    result.suites = await withMutation(place, () => runSuites(result.file));
    console.log(`${describe(place)}: suites: ${result.suites}`);
  }
  writeFileSync(RESULTS, results.map((result) => `${JSON.stringify(result)}\n`).join(''));
  const found = known.filter(({ suites }) => suites === 'found');
  console.log(`\n${known.length} found by the tests, ${found.length} of them by ${values.suites}.`);
}

async function mutateUntilFound(wanted) {
  mkdirSync(join(ROOT, values.out), { recursive: true });
  const before = values.continue ? readResults() : [];
  const findKnown = ({ file, start, after }) =>
    before.find((each) => each.file === file && each.start === start && each.after === after);
  writeFileSync(RESULTS, '');
  const places = listPlaces();
  const bySuites = [];
  const missed = [];
  let tried = 0;
  while (bySuites.length + missed.length < wanted && places.length > 0) {
    const [place] = places.splice(Math.floor(random() * places.length), 1);
    tried += 1;
    const result = findKnown(place) ?? (await tryMutation(place));
    appendFileSync(RESULTS, `${JSON.stringify(result)}\n`);
    console.log(
      `${describe(place)}: ${result.now}${result.suites ? `, suites: ${result.suites}` : ''}`,
    );
    if (result.now !== 'found') continue;
    (result.suites === 'found' ? bySuites : missed).push(place);
  }
  const known = bySuites.length + missed.length;
  console.log(
    `\n${tried} mutations, ${known} found by the tests, ${bySuites.length} of them by ${values.suites}.`,
  );
  for (const place of missed) console.log(`not by ${values.suites}: ${describe(place)}`);
}

function readResults() {
  const lines = readFileSync(RESULTS, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

function listPlaces() {
  const folders = values.folders.split(',').map((folder) => `src/${folder}`);
  const without = values.without === '' ? undefined : new RegExp(values.without);
  return filesOf(...folders)
    .filter((file) => !NO_BEHAVIOR.test(file))
    .filter((file) => !without?.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      return mutationsOf(file, text).map((mutation) => ({ file, text, ...mutation }));
    });
}

function filesOf(...folders) {
  const { stdout } = spawnSync('git', ['ls-files', ...folders], { cwd: ROOT, encoding: 'utf8' });
  return stdout.split('\n').filter((file) => file.endsWith('.ts'));
}

/** What the tests without the suites say of a mutation, and, if they find it, what the suites say. */
async function tryMutation(place) {
  const found = await withMutation(place, async () => {
    const now = await findWithTests(place.file);
    return now === 'found' ? { now, suites: await runSuites(place.file) } : { now };
  });
  return { ...summary(place), ...(found ?? { now: 'does not compile' }) };
}

/** `undefined` if the mutation does not compile. */
async function withMutation({ file, text, start, end, after }, use) {
  const path = join(ROOT, file);
  writeFileSync(path, text.slice(0, start) + after + text.slice(end));
  try {
    return build() ? await use() : undefined;
  } finally {
    writeFileSync(path, text);
  }
}

/** First the suites of its folder, then all. */
async function runSuites(file) {
  const names = NEAR_SUITES[file.split('/')[1]] ?? [''];
  const near = names.map((name) => join(values.suites, name));
  const ofFolder = await run(['vitest', 'run', '--bail=1', ...near], 300);
  return ofFolder === 'not found'
    ? run(['vitest', 'run', '--bail=1', values.suites], 300)
    : ofFolder;
}

/** First the nearest tests of the file, then all others that load it. */
async function findWithTests(file) {
  const tests = testsThatLoad(file);
  const seconds = Number(values.seconds);
  const near = await runTests(tests.slice(0, NEAREST), seconds);
  return near === 'found' || values.nearest ? near : runTests(tests.slice(NEAREST), seconds);
}

function runTests(files, seconds) {
  if (files.length === 0) return 'not found';
  return run(['vitest', 'run', '--bail=1', ...files], seconds);
}

/**
 * Test files that load a source file: those of its folder first, then by the number of imports between them. To let Vitest find them takes
 * longer than to run the nearest.
 */
function testsThatLoad(file) {
  const found = [file];
  for (const each of found) {
    for (const importer of importersOf(each)) if (!found.includes(importer)) found.push(importer);
  }
  const isRun = (path) =>
    /(?<!\.long)\.test\.ts$/.test(path) &&
    !path.startsWith(values.suites) &&
    !path.includes('/docs/');
  const area = file.split('/').slice(0, 2).join('/').replace('src', 'test');
  const [ofArea, others] = [true, false].map((isOfArea) =>
    found.filter((path) => isRun(path) && path.startsWith(`${area}/`) === isOfArea),
  );
  return [...ofArea, ...others];
}

function importersOf(file) {
  importers ??= readImporters();
  return importers.get(file) ?? [];
}

function readImporters() {
  const read = new Map();
  for (const file of filesOf('src', 'test')) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    for (const [, path] of text.matchAll(IMPORT)) {
      const target = join(dirname(file), path).replace(/\.js$/, '.ts');
      read.set(target, [...(read.get(target) ?? []), file]);
    }
  }
  return read;
}

function build() {
  const { status } = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: ROOT });
  return status === 0;
}

/** `found` if a test fails, `not found` if all pass, `slow` if they take longer. */
function run([program, ...args], seconds) {
  const path = join(ROOT, `node_modules/${program}/${program}.mjs`);
  const child = spawn(process.execPath, [path, ...args, '--passWithNoTests'], {
    cwd: ROOT,
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, OTEL_NODE_RESOURCE_DETECTORS: 'none' },
  });
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      process.kill(-child.pid, 'SIGKILL');
      resolve('slow');
    }, seconds * 1000);
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve(code === 0 ? 'not found' : 'found');
    });
  });
}

/** What is known of a mutation, without the text of its file. */
function summary({ text, ...place }) {
  return { ...place, before: text.slice(place.start, place.end) };
}

function describe(place) {
  const { file, line, kind, before, after } = summary(place);
  return `${file}:${line} ${kind} ${short(before)} -> ${short(after)}`;
}

function short(text) {
  return JSON.stringify(text.slice(0, 60));
}

function requireCleanTree() {
  const { stdout } = spawnSync('git', ['status', '--porcelain', 'src'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (stdout === '') return;
  console.error(
    'src has changes that are not committed. Commit or remove them first: mutations are written to src.',
  );
  process.exit(2);
}

/** Numbers from 0 to 1, the same for the same seed. */
function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
