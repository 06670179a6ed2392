import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { type Finding, ok, problem, unknown, warning } from './checks.js';

const API = '@opentelemetry/api';
/** Packages that create spans, or start packages that do. */
const TRACING = [
  '@opentelemetry/auto-instrumentations-node',
  '@opentelemetry/sdk-node',
  '@opentelemetry/sdk-trace-node',
  '@opentelemetry/sdk-trace-base',
  '@opentelemetry/instrumentation-http',
];

/** An installed package. */
interface Package {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
}

/** Finds the copy of a package that code in a folder loads; `undefined` if there is none. */
function findPackage(name: string, from: string): Package | undefined {
  const folder = join(from, 'node_modules', name);
  const file = join(folder, 'package.json');
  if (existsSync(file)) {
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
    return { name, version, folder: realpathSync(folder) };
  }
  return dirname(from) === from ? undefined : findPackage(name, dirname(from));
}

function tracingOf(app: string): Package[] {
  return TRACING.flatMap((name) => findPackage(name, app) ?? []);
}

/** Reports the source from which `register` would read requests in this application: tracing, or Node.js itself. */
export function checkTracing(app: string): Finding {
  const installed = tracingOf(app).map(
    ({ name, version }) => `${name.replace('@opentelemetry/', '')} ${version}`,
  );
  if (installed.length === 0)
    return ok('tracing', 'requests are read from Node.js itself; no tracing is installed');
  const sources =
    'requests are read from spans if the application starts tracing, else from Node.js';
  return ok('tracing', `${sources}; installed: ${installed.join(', ')}`);
}

/**
 * Checks whether the application and its tracing packages load the
 * same API. Different versions do not share registered objects.
 */
export function checkApi(app: string): Finding[] {
  const load = (folder: string) => findPackage(API, folder) ?? [];
  const ofTracing = tracingOf(app).flatMap(({ folder }) => load(folder));
  const copies = [load(app), ofTracing].flat();
  const byFolder = new Map(copies.map(({ folder, version }) => [folder, version]));
  if (copies.length === 0) return [];
  const list = [...byFolder].map(([folder, version]) => `${version} in ${folder}`).join(', ');
  const isSplit = (some: readonly Package[]) =>
    new Set(some.map(({ version }) => version)).size > 1;
  if (!isSplit(copies)) return [ok('api', `${API} ${list}`)];
  const found = `${byFolder.size} copies of ${API} that do not see what the others register: ${list}`;
  const advice = `Run npm ls ${API}, and install a single version, for example with overrides in package.json.`;
  // If only the application's own spans use another copy, requests are still tracked.
  return [(isSplit(ofTracing) ? problem : warning)('api', 'api-copies', found, advice)];
}

/** Matches the modules that `NODE_OPTIONS` loads before the application. */
const PRELOAD = /(?:--require|--import|-r)[ =](?:"([^"]*)"|(\S+))/g;
/** Matches the name or the file of `register`. */
const REGISTER = /(?:^|[\\/])opentelemetry-matomo[\\/](?:dist[\\/]cjs[\\/])?register(?:\.\w+)?$/;

/** Checks whether `NODE_OPTIONS` loads `register`, in whatever folder a process starts. */
export function checkPreload({ NODE_OPTIONS = '' }: Readonly<NodeJS.ProcessEnv>): Finding {
  const names = [...NODE_OPTIONS.matchAll(PRELOAD)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );
  const register = names.find((name) => REGISTER.test(name));
  if (register === undefined) {
    const found =
      'NODE_OPTIONS does not preload opentelemetry-matomo/register; could not check how the application is started';
    const advice =
      'Start it with --require or --import opentelemetry-matomo/register, or add a MatomoSpanProcessor in its code.';
    return unknown('preload', found, advice);
  }
  const found = `NODE_OPTIONS preloads ${register}`;
  if (isAbsolute(register) || register.startsWith('file:')) return ok('preload', found);
  const effect = `${found}; a process that starts in another folder does not find it and does not start`;
  const advice =
    'In NODE_OPTIONS, use the absolute path of node_modules/opentelemetry-matomo/register.';
  return warning('preload', 'preload-relative', effect, advice);
}
