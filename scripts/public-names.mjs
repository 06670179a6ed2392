// `npm run public-names`: writes test/fixtures/public-names.json: each name that users depend on, and what it means.
// test/system/public-names.test.ts compares the list with the build: no name may be removed or change its meaning.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { exportedNames } from './exported-names.mjs';

export const LIST = 'test/fixtures/public-names.json';

/** Every public name of the built package in `root`, sorted, as `{ [kind and name]: meaning }`. */
export async function publicNames(root) {
  const files = readdirSync(join(root, 'build'), { recursive: true, encoding: 'utf8' });
  // Finds a module by its name, so that it may move to another folder.
  const load = (name) => {
    const [file, second] = files.filter((path) => basename(path) === `${name}.js`);
    if (!file || second) throw new Error(`build has no module ${name}.js, or several`);
    return import(pathToFileURL(join(root, 'build', file)).href);
  };
  const names = [
    ...(await exportedNames(root)),
    ...optionNames(await load('option-table'), await load('receiver-options')),
    ...environmentNames(join(root, 'src')),
    ...parameterNames(await load('parameter-table')),
    ...statisticNames(await load('span-processor')),
    ...messageCodes(await load('messages')),
    ...(await metricNames(await load('metrics'))),
    ...commandNames(await load('help')),
    ...attributeNames(join(root, 'src')),
    ...redisKeys(await load('redis-keys')),
    ...spoolFiles(await load('file-names'), await load('spool-folder'), await load('lease')),
  ];
  return Object.fromEntries(names.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The names in `stats()`, including the reasons. */
function statisticNames({ MatomoSpanProcessor }) {
  const processor = new MatomoSpanProcessor({ enabled: false });
  return Object.entries(processor.stats()).flatMap(([name, value]) =>
    typeof value === 'object'
      ? Object.keys(value).map((reason) => [`statistic ${name}.${reason}`, 'counter'])
      : [[`statistic ${name}`, 'number']],
  );
}

/** Tracking parameters that an application may set. */
function parameterNames({ SETTABLE }) {
  return [...SETTABLE].map((name) => [`tracking parameter ${name}`, 'settable']);
}

function optionNames({ OPTIONS }, { RECEIVER_OPTIONS }) {
  const namesIn = (kind, declarations) =>
    Object.entries(declarations).map(([name, { env, files, ...rest }]) => {
      const variables = env ?? (files ? Object.values(files).join(', ') : 'in code only');
      return [`${kind} ${name}`, `${variables}, default ${rest.defaultText ?? show(rest.default)}`];
    });
  return [...namesIn('option', OPTIONS), ...namesIn('gateway option', RECEIVER_OPTIONS)];
}

function show(value) {
  const text = (_key, part) => (part instanceof RegExp ? String(part) : part);
  return value === undefined ? 'none' : JSON.stringify(value, text);
}

/** Every environment variable that the source names. */
function environmentNames(folder) {
  const source = sourceOf(folder);
  const names = [
    /\b(MATOMO_[A-Z_]*[A-Z])\b/g,
    /\benv\.([A-Za-z_]+)/g,
    /'(https?_proxy)'/gi,
  ].flatMap((pattern) => [...source.matchAll(pattern)].map(([, name]) => name));
  return [...new Set(names)].map((name) => [`environment ${name}`, 'read']);
}

function messageCodes({ MESSAGE_CODES }) {
  return MESSAGE_CODES.map((code) => [`message ${code}`, 'code']);
}

/** The instruments requested from a meter provider, and the attributes of their values. */
async function metricNames({ Metrics }) {
  const metrics = new Map();
  const observe = (entry) => (value, attributes) => {
    for (const name of Object.keys(attributes ?? {})) entry.attributes.add(name);
    return value;
  };
  const create =
    (kind) =>
    (name, { unit }) => {
      const entry = metrics.get(name) ?? { kind, unit, attributes: new Set() };
      metrics.set(name, entry);
      return {
        addCallback: (callback) => callback({ observe: observe(entry) }),
        record: observe(entry),
      };
    };
  const meter = new Proxy({}, { get: (_target, method) => create(method.replace('create', '')) });
  const meterProvider = { getMeter: () => meter };
  const stats = {
    lost: { any: 1 },
    ignored: { any: 1 },
    dropped: { any: 1 },
    spans: { unused: 1 },
    invalid: 1,
    tracked: 1,
    accepted: 1,
  };
  const measurements = new Metrics(meterProvider, 'matomo_span_processor');
  measurements.start(() => ({ stats, spoolHits: 1 }));
  for (const kind of ['answer', 'no_answer']) {
    const transport = { send: async () => ({ kind, status: 200 }) };
    await measurements.measure(transport).send();
  }
  return [...metrics].map(([name, { kind, unit, attributes }]) => [
    `metric ${name}`,
    `${kind} ${unit} ${[...attributes].sort().join(' ')}`,
  ]);
}

/** Commands and flags, as `--help` shows them. */
function commandNames({ HELP }) {
  return Object.entries(HELP).flatMap(([command, text]) => {
    const flags = new Map();
    for (const [, flag, value] of text.matchAll(/(--[a-z-]+)( [^\s\]]+)?/g)) {
      if (!flags.get(flag)) flags.set(flag, value !== undefined);
    }
    return [
      [`command ${command}`, text.match(/opentelemetry-matomo ([a-z]+(?: [a-zA-Z.]+)?)/)[1]],
      ...[...flags].map(([flag, has]) => [`flag ${command} ${flag}`, has ? 'value' : 'switch']),
    ];
  });
}

/** Span attributes that the package reads. */
function attributeNames(folder) {
  const found = sourceOf(folder, /metrics\.ts$/).matchAll(/'(matomo\.[a-z_.]+)'/g);
  return [...new Set([...found].map(([, name]) => name))].map((name) => [
    `attribute ${name}`,
    'read',
  ]);
}

function redisKeys({ REDIS_KEYS }) {
  return Object.entries(REDIS_KEYS).map(([what, key]) => [`Redis key ${key}`, what]);
}

/** Names of files in a spool folder: examples, and the pattern of leases. */
function spoolFiles(names, folder, { LEASE_NAME }) {
  const instance = '1700000000000-1-00000000';
  const segment = names.segmentName(instance, 1);
  const decided = names.acknowledgmentName;
  const path = mkdtempSync(join(tmpdir(), 'public-names-'));
  try {
    folder.openSpoolFolder(path, 'http://matomo.example/matomo.php');
    folder.keepVisitorKey(path);
    const description = readFileSync(join(path, 'spool.json'), 'utf8').trim();
    return [
      ...readdirSync(path).map((name) => [`spool file ${name}`, 'one']),
      ['spool file format', description],
      [`spool file ${segment}`, 'segment'],
      [`spool file ${names.ownerName(instance)}`, 'owner'],
      [`spool file ${decided(segment, 1)}`, 'acknowledgment'],
      [`spool file ${LEASE_NAME.source}`, 'lease'],
    ];
  } finally {
    rmSync(path, { recursive: true });
  }
}

function sourceOf(folder, without = /^$/) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !without.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
}

/** The differences between the list and the build, one line each. */
export function compareNames(listed, built) {
  const removed = Object.keys(listed).filter((name) => !(name in built));
  const changed = Object.keys(listed).filter(
    (name) => name in built && listed[name] !== built[name],
  );
  const added = Object.keys(built).filter((name) => !(name in listed));
  return {
    broken: [
      ...removed.map((name) => `removed: ${name} (${listed[name]})`),
      ...changed.map((name) => `changed: ${name} (${listed[name]} -> ${built[name]})`),
    ],
    added: added.map((name) => `added: ${name} (${built[name]})`),
  };
}

export function readList(root) {
  return JSON.parse(readFileSync(join(root, LIST), 'utf8'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const names = await publicNames(root);
  const { broken, added } = compareNames(readList(root), names);
  for (const line of [...broken, ...added]) console.log(line);
  if (broken.length > 0 && !process.argv.includes('--breaking')) {
    console.error(
      'Users depend on these names, so nothing was written. Use --breaking to remove or change them.',
    );
    process.exitCode = 1;
  } else {
    writeFileSync(join(root, LIST), `${JSON.stringify(names, null, 2)}\n`);
    console.log(`${LIST} has ${Object.keys(names).length} names`);
  }
}
