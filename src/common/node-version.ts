// Everything else is loaded with `process.getBuiltinModule`, which older versions lack, so this file imports nothing.

const OLDEST = '20.18.1';

/** Says that this version of Node.js cannot load the package; `undefined` if it can. */
export function findNodeProblem(): string | undefined {
  if (typeof process.getBuiltinModule === 'function') return undefined;
  return `opentelemetry-matomo: Node.js ${process.versions.node} is too old. Nothing is tracked. Use Node.js ${OLDEST} or later. [node-version]`;
}
