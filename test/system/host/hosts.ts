import { expect } from 'vitest';
import { type Bulk, type BulkReceiver, startBulkReceiver } from '../../support/bulk-receiver.js';
import {
  type ChildOptions,
  eventually,
  type Server,
  startServer,
} from '../../support/child-process.js';
import { APPS, get, REGISTER } from '../../support/registered-app.js';

export const APP = `${APPS}/host/app.cjs`;
export const preload = (name: string): string[] => ['--require', `./${APPS}/host/${name}.cjs`];

/** How `register` is loaded. */
export const LOADED: readonly (readonly [how: string, flags: readonly string[]])[] = [
  ['--require', REGISTER],
  ['--import', ['--import', 'opentelemetry-matomo/register']],
];

/** Without `register`: by the ES modules of the package, which are strict, while CommonJS ignores assignments that fail. */
export const STARTS = ['--import', `./${APPS}/host/start.mjs`];

/** An application that may know nothing of the package, and the Matomo that it sends to. */
export interface Host {
  readonly receiver: BulkReceiver;
  readonly app: Server;
}

/** Starts `APP`, or what else is the last of `args`. */
export async function startHost(
  args: readonly string[],
  options: ChildOptions = {},
): Promise<Host> {
  const receiver = await startBulkReceiver();
  const env = {
    MATOMO_URL: receiver.url,
    MATOMO_SITE_ID: '1',
    MATOMO_SCHEDULE_DELAY: '100',
    ...options.env,
  };
  return { receiver, app: await startServer(args, { ...options, env }) };
}

/** Until a hit was delivered, and the connection of that delivery was closed because it was idle. */
export async function firstDelivery({ receiver, app }: Host): Promise<Bulk> {
  const ended = { unless: app.ended.then(({ code, signal }) => `it ended with ${code ?? signal}`) };
  const describe = () => `a delivery: ${app.stderr()}`;
  const bulk = await eventually(() => receiver.bulks.find(({ isTracked }) => isTracked), {
    ...ended,
    describe,
  });
  await eventually(() => bulk.connection.closedMillis < Number.POSITIVE_INFINITY, {
    ...ended,
    describe,
  });
  return bulk;
}

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

/** The codes of the package's lines, and other lines but the warning of Node.js about conflicting flags. */
function linesOf(app: Server): string[] {
  const lines = app
    .stderr()
    .split('\n')
    .filter((line) => line !== '' && !line.includes('--expose_wasm'));
  return lines.map((line) => /^opentelemetry-matomo: .* \[([\w-]+)\]$/.exec(line)?.[1] ?? line);
}
