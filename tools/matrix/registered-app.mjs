// Applications that a flag alone connects to this package, with or without the flag that traces them.
import { CLOSE_AT_SIGTERM } from './run-app.mjs';

const OURS = ['--require', 'opentelemetry-matomo/register'];
export const AUTO = ['--require', '@opentelemetry/auto-instrumentations-node/register'];

/** The cell of an application in `file`. `ownEnv` is for this package, so that it is not set without it. */
export function toCell(
  table,
  { name, file, setUp, preloads = [], versionOf, requests, client, env, ownEnv, isNightly = false },
  node,
) {
  // An application that traces itself sends its own spans when its server is closed.
  const closing = preloads === AUTO ? CLOSE_AT_SIGTERM : {};
  return {
    table,
    name,
    node,
    setUp,
    versionOf,
    titles: {},
    isNightly,
    command: (isWith) => ({
      args: [...preloads, ...(isWith ? OURS : []), file],
      env: { ...env, ...(isWith && ownEnv), ...closing },
      requests,
      client,
    }),
  };
}
