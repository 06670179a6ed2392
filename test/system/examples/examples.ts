import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { InspectedHit, Inspector } from '../../../src/inspector/index.js';
import { ROOT, type Server } from '../../support/child-process.js';
import { startTracked } from '../../support/registered-app.js';

/** Those that are applications. */
export const EXAMPLES: readonly string[] = readdirSync(`${ROOT}examples`).filter((name) =>
  existsSync(`${ROOT}examples/${name}/package.json`),
);

/** Runs an example as its README says, with a Matomo of its own. */
export async function startExample(
  example: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ server: Server; inspector: Inspector }> {
  const [, ...args] = startCommand(example).split(' ');
  const { app, inspector } = await startTracked(args, env, { cwd: `${ROOT}examples/${example}` });
  return { server: app, inspector };
}

/** What `npm start` runs. */
export function startCommand(example: string): string {
  const { scripts } = JSON.parse(readFileSync(`${ROOT}examples/${example}/package.json`, 'utf8'));
  return scripts.start;
}

/** What was sent, by Matomo's names. */
export function sentTo(inspector: Inspector): InspectedHit['params'][] {
  return inspector.hits().map(({ params }) => params);
}

export function titlesAndStatuses(inspector: Inspector): (string | undefined)[][] {
  return inspector.hits().map(({ params, status }) => [params.action_name, status?.toString()]);
}
