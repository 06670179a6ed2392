import { withoutTracing } from './otel-global.js';

// OpenTelemetry's instrumentations patch `http`, `net` and others for the whole process when anything requires them. If this package required them,
// the application would get unexpected spans. Therefore the package loads these modules without the hooks on `require`.

/** The class with the loader that hooks replace (`require`), and the one that Node.js itself calls (`_load`). */
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

// `node:module` is not imported, because the code of the exit thread must not import anything.
const modules = process.getBuiltinModule('node:module');
const Module = modules.Module as unknown as ModuleClass;
/** Matches the files of the dependency that is loaded while the application serves. */
const DEPENDENCY = /[\\/]@?redis[\\/]/;

/** Loads a module of Node.js without hooks. */
export function builtin<Name extends keyof Patched>(name: Name): Patched[Name] {
  return loadBuiltin(name) as Patched[Name];
}

/** Loads a module without hooks. On Bun, `_load` does not find modules, and nothing is instrumented. */
function loadBuiltin(id: string): unknown {
  if (process.versions.bun !== undefined) return process.getBuiltinModule(id);
  return Module._load(id, undefined, false);
}

/** Loads a dependency without spans of file reads, and without hooks on the modules of Node.js that it requires. */
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
    // If `require` has changed, another hook was added in the meantime. That hook calls this one, which then does nothing.
    if (prototype.require === unhooked) prototype.require = hooked;
  }
}
