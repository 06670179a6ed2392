import { withoutTracing } from './otel-global.js';

// OpenTelemetry's instrumentations patch `http`, `net` and others for the whole process as soon as anything requires them. If this
// package did, the application would get spans that it does not have otherwise, so it loads them without hooks on `require`.

/** The loader that hooks replace, and the one that Node.js itself calls behind it. */
interface ModuleClass {
  readonly prototype: { require(this: { filename?: string | null }, id: string): unknown };
  _load(id: string, parent: object | undefined, isMain: boolean): unknown;
}

/** Modules of Node.js that instrumentations patch. */
interface Patched {
  'node:dns': typeof import('node:dns');
  'node:http': typeof import('node:http');
  'node:https': typeof import('node:https');
  'node:net': typeof import('node:net');
}

// This is not imported, because the code of the exit worker imports nothing.
const modules = process.getBuiltinModule('node:module');
const Module = modules.Module as unknown as ModuleClass;
/** The dependency that is loaded while the application serves. */
const DEPENDENCY = /[\\/]@?redis[\\/]/;

/** A module of Node.js, without hooks. */
export function builtin<Name extends keyof Patched>(name: Name): Patched[Name] {
  return loadBuiltin(name) as Patched[Name];
}

/** Loads a module without hooks. On Bun, `_load` finds none, and nothing is instrumented. */
function loadBuiltin(id: string): unknown {
  if (process.versions.bun !== undefined) return process.getBuiltinModule(id);
  return Module._load(id, undefined, false);
}

/** Loads a dependency, without spans of reading its files, and without hooks on the modules of Node.js that it requires. */
export async function loadUnhooked<T>(load: () => Promise<T>): Promise<T> {
  const { prototype } = Module;
  const { require: hooked } = prototype;
  let isLoading = true;
  prototype.require = function requireUnhooked(id) {
    const isOurs = isLoading && modules.isBuiltin(id) && DEPENDENCY.test(this.filename ?? '');
    return isOurs ? loadBuiltin(id) : hooked.call(this, id);
  };
  const { require: unhooked } = prototype;
  try {
    return await withoutTracing(load);
  } finally {
    isLoading = false;
    // Otherwise, another hook has been added since, which calls this one.
    if (prototype.require === unhooked) prototype.require = hooked;
  }
}
