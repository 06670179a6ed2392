import { expect } from 'vitest';
import { startBulkReceiver } from '../../support/bulk-receiver.js';
import {
  type ChildOptions,
  eventually,
  type Server,
  startServer,
} from '../../support/child-process.js';
import { APPS, get } from '../../support/registered-app.js';
import { together } from '../../support/together.js';

export const APP = `${APPS}/host/app.cjs`;
export const preload = (name: string): string[] => ['--require', `./${APPS}/host/${name}.cjs`];

/** Without `register`: by the ES modules of the package, which are strict, while CommonJS ignores assignments that fail. */
export const STARTS = ['--import', `./${APPS}/host/start.mjs`];

export type HostRow = readonly [
  name: string,
  flags: readonly string[],
  env: Record<string, string>,
];

export const FREEZE = preload('freeze');

/** What ended processes, or kept them from their end. */
export const DANGEROUS: readonly HostRow[] = [
  ['has frozen intrinsics of Node.js', ['--no-warnings', '--frozen-intrinsics'], {}],
  ['freezes all intrinsics before it listens', FREEZE, {}],
  ['freezes all intrinsics and handles errors', FREEZE, { FREEZE: 'after', HANDLES_ERRORS: '1' }],
  ['freezes the global object, too', FREEZE, { FREEZE: 'after', FREEZE_GLOBAL: '1' }],
];

/** Starts `APP`, or what else is the last of `args`, and the Matomo that it sends to. */
export async function startHost(args: readonly string[], options: ChildOptions = {}) {
  const receiver = await startBulkReceiver();
  const own = { MATOMO_URL: receiver.url, MATOMO_SITE_ID: '1', MATOMO_SCHEDULE_DELAY: '100' };
  const env = { ...own, ...options.env };
  return { receiver, app: await startServer(args, { ...options, env }) };
}

type Host = Awaited<ReturnType<typeof startHost>>;

/** Until a hit was delivered, and the connection of that delivery was closed because it was idle. */
export async function firstDelivery({ receiver, app }: Host): Promise<void> {
  const options = {
    unless: app.ended.then(({ code, signal }) => `it ended with ${code ?? signal}`),
    describe: () => `a delivery: ${app.stderr()}`,
  };
  const bulk = await eventually(() => receiver.bulks.find(({ isTracked }) => isTracked), options);
  await eventually(() => bulk.connection.closedMillis < Number.POSITIVE_INFINITY, options);
}

/** Runs all rows together. */
export const expectAllToLive = (
  rows: readonly HostRow[],
  way: readonly string[],
  options: ChildOptions = {},
): Promise<void> =>
  together(
    rows,
    ([name]) => name,
    ([, flags, env]) => expectToLive([...way, ...flags, APP], { ...options, env }),
  );

/**
 * A process that is tracked goes on living after a delivery and after one that was refused, all of its hits arrive, and SIGTERM ends it as it
 * does without the package.
 */
export async function expectToLive(args: readonly string[], options: ChildOptions): Promise<void> {
  const host = await startHost(args, options);
  const { receiver, app } = host;
  await get(`${app.url}/1`);
  await firstDelivery(host);
  receiver.play({ refusals: 1 });
  await get(`${app.url}/2`);
  await eventually(() => receiver.tracked().length === 2);
  await get(`${app.url}/3`);
  expect(await app.stop()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(receiver.tracked()).toEqual(['1', '2', '3']);
  expect(linesOf(app)).toEqual(['unavailable', 'available-again']);
}

/** The codes of the package's lines, and other lines. */
function linesOf(app: Server): string[] {
  const lines = app.stderr().trimEnd().split('\n');
  return lines.map((line) => /^opentelemetry-matomo: .* \[([\w-]+)\]$/.exec(line)?.[1] ?? line);
}
