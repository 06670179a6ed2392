import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Finding, ok, problem, unknown, warning } from './checks.js';

const API = '@opentelemetry/api';
/** Packages that make spans, or start what does. */
const TRACING = [
  '@opentelemetry/auto-instrumentations-node',
  '@opentelemetry/sdk-node',
  '@opentelemetry/sdk-trace-node',
  '@opentelemetry/sdk-trace-base',
  '@opentelemetry/sdk-trace',
  '@opentelemetry/instrumentation-http',
  '@opentelemetry/context-async-hooks',
];

/** Servers in C++, which no code in Node.js sees. */
const UNSEEN_SERVERS = ['uWebSockets.js', 'hyper-express', 'ultimate-express'];

/** The entry by its name, or its file. */
const REGISTER = /(?:^|[\\/])opentelemetry-matomo[\\/](?:dist[\\/]cjs[\\/])?register(?:\.\w+)?$/;

const OWN_FILE = fileURLToPath(import.meta.url);

/** Whether this version of Node.js can run the package. */
export function checkNode(): Finding {
  const { engines } = createRequire(OWN_FILE)('opentelemetry-matomo/package.json') as {
    engines: { node: string };
  };
  const least = engines.node.replace('>=', '');
  const { node } = process.versions;
  if (node.localeCompare(least, 'en', { numeric: true }) >= 0) return ok('node', `Node.js ${node}`);
  const advice = `Run the application with Node.js ${least} or newer.`;
  return problem('node', 'node-version', `Node.js ${node} is older than ${least}`, advice);
}

/** Finds out what `register` would do in an application of this folder: use its tracing, or Node.js itself. */
export function checkTracing(app: string, env: Readonly<NodeJS.ProcessEnv>): Finding[] {
  return [checkInstalled(app), ...checkServers(app), checkPreload(env)];
}

function checkInstalled(app: string): Finding {
  const installed = TRACING.flatMap((name) => {
    const found = findPackage(name, app);
    return found ? [`${name.replace('@opentelemetry/', '')} ${found.version}`] : [];
  });
  if (installed.length === 0) {
    return ok('tracing', 'requests are read from Node.js itself; no tracing is installed');
  }
  const sources =
    'requests are read from spans if the application starts tracing, else from Node.js';
  return ok('tracing', `${sources}; installed: ${installed.join(', ')}`);
}

function checkServers(app: string): Finding[] {
  const installed = UNSEEN_SERVERS.filter((name) => findPackage(name, app));
  if (installed.length === 0) return [];
  const found = `servers of ${installed.join(', ')} do not go through Node.js: their requests are not tracked`;
  const advice =
    'Track them with trackHit, or at a proxy in front of them: see docs/limits.md in this package.';
  return [warning('tracing', 'server-not-seen', found, advice)];
}

function checkPreload({ NODE_OPTIONS = '' }: Readonly<NodeJS.ProcessEnv>): Finding {
  const register = preloadsOf(NODE_OPTIONS).find((name) => REGISTER.test(name));
  if (register === undefined) {
    const start = 'could not check how the application is started';
    const options = 'NODE_OPTIONS does not preload opentelemetry-matomo/register; ';
    const advice =
      'Start it with --require or --import opentelemetry-matomo/register, or add a MatomoSpanProcessor in its code.';
    return unknown('tracing', `${NODE_OPTIONS.trim() === '' ? '' : options}${start}`, advice);
  }
  const found = `NODE_OPTIONS preloads ${register}`;
  if (isAbsolute(register) || register.startsWith('file:')) return ok('tracing', found);
  const effect = `${found}; a process that starts in another folder may not find it and then does not start`;
  const advice =
    'In NODE_OPTIONS, use the absolute path of node_modules/opentelemetry-matomo/register.';
  return warning('tracing', 'preload-relative', effect, advice);
}

/** What `NODE_OPTIONS` preloads, as Node.js splits it: at spaces outside of double quotes. */
function preloadsOf(options: string): string[] {
  const words = options.match(/(?:[^ "]|"(?:[^"\\]|\\.)*")+/gs) ?? [];
  const plain = words.map((word) => word.replace(/"|\\(?=["\\])/g, ''));
  return plain.flatMap((word, index) => {
    const [, name] = /^(?:--require|--import)=(.+)$/s.exec(word) ?? [];
    if (name !== undefined) return [name];
    return ['--require', '-r', '--import'].includes(word) ? (plain[index + 1] ?? []) : [];
  });
}

/** Copies of the API share their globals only if they have the same version. */
export function checkApi(app: string): Finding[] {
  const own = readPackage(app);
  const copies = collectCopies(API, { ...own, needs: [API, ...own.needs, ...TRACING] });
  if (copies.length === 0) return [];
  const versions = new Set(copies.map(({ version }) => version));
  const list = copies.map(({ version, folder }) => `${version} in ${folder}`).join(', ');
  if (versions.size === 1) {
    const found =
      copies.length === 1 ? list : `${list}; they have the same version and work together`;
    return [ok('api', `${API} ${found}`)];
  }
  const found = `${copies.length} copies of ${API} that do not see what the others register: ${list}`;
  const advice = `Run npm ls ${API}, and install a single version, for example with overrides in package.json.`;
  const isSplit = new Set(copies.filter(isOfTracing).map(({ version }) => version)).size > 1;
  const find = isSplit ? problem : warning;
  return [find('api', 'api-copies', found, advice)];
}

/** Spans get lost if packages that make them use different copies. A library that only reads spans does less harm. */
function isOfTracing({ usedBy }: Package): boolean {
  return usedBy.some((name) =>
    /^@opentelemetry\/(?:sdk-|instrumentation|context-|auto-)/.test(name),
  );
}

/** An installed package, as its folder describes it. */
interface Package {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  readonly needs: readonly string[];
  /** Names of the packages that load this copy, as far as they were found. */
  readonly usedBy: string[];
}

/** The copy of a package that code in a folder loads; `undefined` if it finds none. */
function findPackage(name: string, from: string): Package | undefined {
  const folder = join(from, 'node_modules', name);
  if (existsSync(join(folder, 'package.json'))) return readPackage(realpathSync(folder));
  return dirname(from) === from ? undefined : findPackage(name, dirname(from));
}

/** All copies of a package that `user` loads, itself or through its dependencies. */
function collectCopies(wanted: string, user: Package): Package[] {
  const loaded = new Map([[user.folder, user]]);
  // What is added on the way is visited too.
  for (const { name, folder, needs } of loaded.values()) {
    for (const needed of new Set(needs)) {
      const found = findPackage(needed, folder);
      if (found === undefined) continue;
      const copy = loaded.get(found.folder) ?? found;
      copy.usedBy.push(name);
      loaded.set(copy.folder, copy);
    }
  }
  return [...loaded.values()].filter(({ name }) => name === wanted);
}

/** Reads the `package.json` of a folder; without one, it needs nothing. */
function readPackage(folder: string): Package {
  let manifest: Readonly<Record<string, object | undefined>> = {};
  try {
    manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  } catch {
    // It is not one.
  }
  const { name = folder, version = '?' } = manifest as { name?: string; version?: string };
  const { dependencies, optionalDependencies, peerDependencies } = manifest;
  const needs = { ...dependencies, ...optionalDependencies, ...peerDependencies };
  return { name, version, folder, needs: Object.keys(needs), usedBy: [] };
}
