import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { InspectedHit, Inspector } from '../../src/inspector/index.js';
import { ROOT, type Server, startServer } from './child-process.js';
import { startMatomo } from './matomo.js';

/** Those that are applications. */
export const EXAMPLES: readonly string[] = readdirSync(`${ROOT}examples`).filter((name) =>
  existsSync(`${ROOT}examples/${name}/package.json`),
);

/** Runs an example as its README says, with a Matomo of its own. */
export async function startExample(
  example: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ server: Server; inspector: Inspector }> {
  const inspector = await startMatomo({ customVariables: true });
  const [command, ...args] = startCommand(example).split(' ');
  if (command !== 'node') throw new Error(`${example} is started by ${command}`);
  const server = await startServer(args, {
    cwd: `${ROOT}examples/${example}`,
    env: { MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1', ...env },
  });
  return { server, inspector };
}

/** What `npm start` runs. */
export function startCommand(example: string): string {
  const { scripts } = JSON.parse(readFileSync(`${ROOT}examples/${example}/package.json`, 'utf8'));
  return scripts.start;
}

export function storedBy(inspector: Inspector): InspectedHit['stored'][] {
  return inspector.hits().map(({ stored }) => stored);
}
