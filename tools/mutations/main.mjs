// `node tools/mutations/main.mjs`: changes one place of `src` after another, and finds out whether a test fails. See README.md.
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../scripts/setup.mjs';
import { mutationsOf } from './mutate.mjs';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '30' },
    folders: { type: 'string', default: 'capture,request,spans,tracker,hit,delivery' },
    tests: { type: 'string', default: '' },
    seconds: { type: 'string', default: '300' },
  },
});

/** Tests of a folder of `src` that are at another path: they find most of its mutations, and run first. */
const SUITES = {
  capture: ['contracts/capture', 'requests'],
  request: ['contracts/capture', 'contracts/spans', 'requests'],
  spans: ['contracts/capture', 'contracts/spans'],
  register: ['contracts/capture', 'contracts/end'],
  tracker: ['contracts/capture', 'contracts/spans', 'contracts/end'],
  hit: ['contracts/hit', 'contracts/spans'],
  delivery: ['contracts/delivery', 'contracts/store', 'contracts/end'],
};
/** Caches, texts of messages, and tables that are data. */
const NO_BEHAVIOR =
  /(?:recent-texts|messages|diagnostics|line-limiter|explain-error|otel-types|-code)\.ts$/;
/** Types are not loaded. */
const IMPORT = /^(?:import|export)(?! type)[^;]*? from '(\.[^']+)'/gm;
const RESULTS = join(ROOT, `.mutations-${values.seed}.jsonl`);

requireCleanTree();
const random = createRandom(Number(values.seed));
const places = listPlaces();
const survivors = [];
writeFileSync(RESULTS, '');
let tried = 0;
while (tried < Number(values.count) && places.length > 0) {
  const [place] = places.splice(Math.floor(random() * places.length), 1);
  const result = await tryMutation(place);
  if (result === undefined) continue; // it does not compile
  tried += 1;
  console.log(`${describe(place)}: ${result}`);
  const { text, ...known } = place;
  appendFileSync(RESULTS, `${JSON.stringify({ ...known, before: beforeOf(place), result })}\n`);
  if (result !== 'found') survivors.push(place);
}
build();
console.log(`\n${tried} mutations, ${tried - survivors.length} found.`);
for (const place of survivors) console.log(`not found: ${describe(place)}`);

function listPlaces() {
  return filesOf(...values.folders.split(',').map((folder) => `src/${folder}`))
    .filter((file) => !NO_BEHAVIOR.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      return mutationsOf(file, text).map((mutation) => ({ file, text, ...mutation }));
    });
}

function filesOf(...folders) {
  const { stdout } = spawnSync('git', ['ls-files', ...folders], { cwd: ROOT, encoding: 'utf8' });
  return stdout.split('\n').filter((file) => file.endsWith('.ts'));
}

async function tryMutation({ file, text, start, end, after }) {
  const path = join(ROOT, file);
  writeFileSync(path, text.slice(0, start) + after + text.slice(end));
  try {
    if (!build()) return undefined;
    const suites = suitesOf(file);
    const result = await runTests(suites);
    if (result !== 'not found' || values.tests !== '') return result;
    return await runTests(testsThatLoad(file).filter((test) => !isIn(test, suites)));
  } finally {
    writeFileSync(path, text);
  }
}

function suitesOf(file) {
  if (values.tests !== '') return values.tests.split(',');
  const [, folder] = file.split('/');
  const paths = [folder, ...(SUITES[folder] ?? [])].map((name) => `test/${name}`);
  return paths.filter((path) => existsSync(join(ROOT, path)));
}

function isIn(test, suites) {
  return suites.some((suite) => test.startsWith(`${suite}/`));
}

/** The short tests that load a source file, nearest first. To let Vitest find them takes longer than to run most of them. */
function testsThatLoad(file) {
  const importers = readImporters();
  const found = [file];
  for (const each of found) {
    for (const importer of importers.get(each) ?? [])
      if (!found.includes(importer)) found.push(importer);
  }
  return found.filter((path) => /(?<!\.long)\.test\.ts$/.test(path));
}

/** Files by the one that they import. */
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
  return spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: ROOT }).status === 0;
}

/** `found` if a test fails, `not found` if all pass, `slow` if they take longer. */
function runTests(files) {
  if (files.length === 0) return 'not found';
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--bail=1', '--passWithNoTests', ...files];
  const child = spawn(process.execPath, args, { cwd: ROOT, detached: true, stdio: 'ignore' });
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      process.kill(-child.pid, 'SIGKILL');
      resolve('slow');
    }, Number(values.seconds) * 1000);
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve(code === 0 ? 'not found' : 'found');
    });
  });
}

function beforeOf({ text, start, end }) {
  return text.slice(start, end);
}

function describe(place) {
  const [before, after] = [beforeOf(place), place.after].map((text) => text.slice(0, 60));
  return `${place.file}:${place.line} ${place.kind} ${JSON.stringify(before)} -> ${JSON.stringify(after)}`;
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
