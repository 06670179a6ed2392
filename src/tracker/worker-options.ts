import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import { environment } from '../common/environment.js';
import { coded } from '../common/messages.js';
import { DECLARATIONS, type DeclaredName, textOf } from '../options/resolve-options.js';
import type { MatomoOptions } from '../options.js';

// A worker thread is tracked separately, with its own options. Node.js gives a worker the environment of the main thread, but not the options
// that code passes there. If such options protect privacy, the worker must not track without them.

const KEY = 'opentelemetry-matomo.options-in-code.1';

/** Privacy options that the code of the main thread sets, with the values that its environment has for them. */
type Announced = Readonly<Partial<Record<DeclaredName, string>>>;

/** In the main thread, passes the names of the privacy options in code to workers that start later. */
export function announceOptions(inCode: MatomoOptions): void {
  if (!isMainThread) return;
  const names = privacyOptionsIn(inCode);
  const added = Object.fromEntries(names.map((name) => [name, inEnvironment(name)]));
  setEnvironmentData(KEY, { ...announced(), ...added });
}

/**
 * In a worker, returns why nothing is tracked: a privacy option from the code of the main thread is set neither in the worker's code nor in its own
 * environment. A value equal to the main thread's environment does not count, because the code there has replaced it.
 */
export function findWorkerProblem(inCode: MatomoOptions): string | undefined {
  if (isMainThread) return undefined;
  const own = privacyOptionsIn(inCode);
  const missing = Object.entries(announced())
    .filter(([name, text]) => !own.includes(name as DeclaredName) && inEnvironment(name) === text)
    .map(([name]) => name);
  if (missing.length === 0) return undefined;
  const text = `The main thread has privacy options in code that this worker thread does not have (${missing.join(', ')}). Requests to this worker are not tracked. Set them in the environment, or call start() with them in the worker, too.`;
  return coded('worker-without-options', text);
}

function announced(): Announced {
  return (getEnvironmentData(KEY) as Announced | undefined) ?? {};
}

function privacyOptionsIn(inCode: MatomoOptions): DeclaredName[] {
  const set = Object.entries(inCode).filter(([, value]) => value !== undefined);
  return set.map(([name]) => name as DeclaredName).filter((name) => DECLARATIONS[name]?.isPrivacy);
}

function inEnvironment(name: string): string {
  return textOf(DECLARATIONS[name as DeclaredName].env, environment());
}
