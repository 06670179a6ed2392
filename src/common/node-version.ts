// The rest of the package loads modules of Node.js with `process.getBuiltinModule`. Older versions lack that function, so this file imports nothing.

const OLDEST = '20.18.1';

/** Describes the problem if this version of Node.js cannot load the package; `undefined` if it can. */
export function findNodeProblem(): string | undefined {
  if (typeof process.getBuiltinModule === 'function') return undefined;
  return `opentelemetry-matomo: Node.js ${process.versions.node} is too old. Nothing is tracked. Use Node.js ${OLDEST} or later. [node-version]`;
}
