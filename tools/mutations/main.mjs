// `node tools/mutations/main.mjs`: changes one place of `src` after another, and finds out which tests fail. See README.md.
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../scripts/setup.mjs';
import { mutationsOf } from './mutate.mjs';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    found: { type: 'string', default: '30' },
    folders: { type: 'string', default: 'requests,hit,pipeline,delivery' },
    without: { type: 'string', default: '/delivery/(?:spool|exit)/|proven-names|route-list' },
    again: { type: 'boolean', default: false },
    suites: { type: 'string', default: 'test/contracts' },
    seconds: { type: 'string', default: '120' },
    out: { type: 'string', default: '.mutations' },
  },
});

/** Caches, texts of messages, and tables that are data. */
const NO_BEHAVIOR =
  /(?:generation-cache|messages|diagnostics|loss-log|line-limiter|outage|explain-error|otel-types|-code)\.ts$/;

const RESULTS = join(ROOT, values.out, `seed-${values.seed}.jsonl`);
const random = createRandom(Number(values.seed));

requireCleanTree();
if (values.again) await runSuitesAgain();
else await mutateUntilFound(Number(values.found));

/** Runs the suites for the mutations of the last run that only the other tests found. */
async function runSuitesAgain() {
  const results = readFileSync(RESULTS, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const known = results.filter(({ now }) => now === 'found');
  for (const result of known.filter(({ suites }) => suites !== 'found')) {
    const place = { ...result, text: readFileSync(join(ROOT, result.file), 'utf8') };
    result.suites = await withMutation(place, () => runSuites());
    console.log(`${describe(place)}: suites: ${result.suites}`);
  }
  writeFileSync(RESULTS, results.map((result) => `${JSON.stringify(result)}\n`).join(''));
  const found = known.filter(({ suites }) => suites === 'found');
  console.log(`\n${known.length} found by the tests, ${found.length} of them by ${values.suites}.`);
}

async function mutateUntilFound(wanted) {
  mkdirSync(join(ROOT, values.out), { recursive: true });
  writeFileSync(RESULTS, '');
  const places = listPlaces();
  const bySuites = [];
  const missed = [];
  let tried = 0;
  while (bySuites.length + missed.length < wanted && places.length > 0) {
    const [place] = places.splice(Math.floor(random() * places.length), 1);
    tried += 1;
    const result = await tryMutation(place);
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

function listPlaces() {
  const folders = values.folders.split(',').map((folder) => `src/${folder}`);
  const { stdout } = spawnSync('git', ['ls-files', ...folders], { cwd: ROOT, encoding: 'utf8' });
  const without = values.without === '' ? undefined : new RegExp(values.without);
  return stdout
    .split('\n')
    .filter((file) => file.endsWith('.ts') && !NO_BEHAVIOR.test(file))
    .filter((file) => !without?.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      return mutationsOf(file, text).map((mutation) => ({ file, text, ...mutation }));
    });
}

/** What the tests without the suites say of a mutation, and, if they find it, what the suites say. */
async function tryMutation(place) {
  const found = await withMutation(place, async () => {
    const now = await findWithTests(place.file);
    return now === 'found' ? { now, suites: await runSuites() } : { now };
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
    build();
  }
}

function runSuites() {
  return run(['vitest', 'run', '--bail=1', values.suites], 300);
}

/** First the tests of the folder of the file, then all that load it. */
async function findWithTests(file) {
  const exclude = ['--exclude', `${values.suites}/**`, '--exclude', 'test/system/docs/**'];
  const folder = file.replace(/^src\//, 'test/').replace(/\/[^/]*$/, '');
  const seconds = Number(values.seconds);
  const near = await run(
    ['vitest', 'related', '--run', '--bail=1', ...exclude, file, '--dir', folder],
    seconds,
  );
  if (near === 'found') return near;
  return run(['vitest', 'related', '--run', '--bail=1', ...exclude, file], 2 * seconds);
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
