import { spawnSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { beforeEach, TestRunner } from 'vitest';

// Plain JavaScript, which scripts use as well.
const SCRIPTS = new URL('../../scripts/', import.meta.url).href;
const { HOW_TO_GET_CHROMIUM, hasChromium, HOW_TO_GET_REDIS, REDIS_SERVER } = {
  ...(await import(`${SCRIPTS}chromium.mjs`)),
  ...(await import(`${SCRIPTS}redis.mjs`)),
} as {
  HOW_TO_GET_CHROMIUM: string;
  hasChromium: boolean;
  HOW_TO_GET_REDIS: string;
  REDIS_SERVER?: string;
};

const isNotWindows = () => process.platform !== 'win32';
const isRunnable = (command: string) => spawnSync(command, ['--version']).error === undefined;

const INSTALL = 'was not found. Install it as root with: apt-get update && apt-get install -y';

/** What a test may need of the machine: whether it is there, and what to say if it is not. */
const NEEDS = {
  chromium: [() => hasChromium, HOW_TO_GET_CHROMIUM],
  redis: [() => REDIS_SERVER !== undefined, HOW_TO_GET_REDIS],
  'redis with TLS': [hasRedisTls, `${REDIS_SERVER ?? 'redis-server'} is built without TLS.`],
  'a POSIX shell': [isNotWindows, 'Windows has no shell with find, awk and sed.'],
  'redis-cli': [() => isRunnable('redis-cli'), `redis-cli ${INSTALL} redis-tools`],
  nginx: [() => isRunnable('nginx'), `nginx ${INSTALL} nginx`],
  curl: [() => isRunnable('curl'), `curl ${INSTALL} curl`],
  jq: [() => isRunnable('jq'), 'There is no jq (Debian package jq).'],
  signals: [isNotWindows, 'Windows has no signals that a process can handle.'],
  'file modes': [isNotWindows, 'Windows has no file modes for group and others.'],
  'moving open files': [isNotWindows, 'Windows does not move folders with files that are open.'],
  'Unix sockets': [isNotWindows, 'Windows has named pipes instead.'],
  'many loopback addresses': [() => process.platform !== 'darwin', 'macOS has 127.0.0.1 only.'],
  IPv6: [hasIpv6, 'There is no loopback address ::1.'],
  'a C compiler': [
    () => process.platform === 'linux' && isRunnable('cc'),
    'There is no cc (Debian package gcc), or this is not Linux.',
  ],
  unshare: [() => isRunnable('unshare'), 'There is no unshare (util-linux).'],
  root: [() => process.getuid?.() === 0, 'Only root can make files of other users.'],
  promtool: [() => isRunnable('promtool'), 'There is no promtool (Debian package prometheus).'],
  terminal: [hasScript, 'There is no script (util-linux), which makes terminals.'],
  '/proc': [() => process.platform === 'linux', 'Only Linux has /proc.'],
  packages: [() => true, ''],
} as const satisfies Record<string, readonly [isThere: () => boolean, ifNot: string]>;

export type Need = keyof typeof NEEDS;

declare module 'vitest' {
  interface TaskMeta {
    skipped?: string;
  }
}

const known = new Map<Need, string | undefined>();
const mustRun = (process.env.TEST_MUST_RUN ?? '').split(' ');

/**
 * Skips the current test if this machine lacks what it needs, saying why; outside of a test, all tests of the file or of
 * the `describe`. With the need in `TEST_MUST_RUN` they fail instead.
 */
export function requires(need: Need): void {
  const test = TestRunner.getCurrentTest();
  if (!test) {
    beforeEach(() => requires(need));
    return;
  }
  const [isThere, ifNot] = NEEDS[need];
  if (!known.has(need)) known.set(need, isThere() ? undefined : ifNot);
  skipTest(known.get(need), need);
}

export function skipTest(reason: string | undefined, need: Need): void {
  const test = TestRunner.getCurrentTest();
  if (!test || reason === undefined) return;
  if (mustRun.includes(need)) throw new Error(`"${need}" is in TEST_MUST_RUN. ${reason}`);
  test.meta.skipped = reason;
  test.context.skip(reason);
}

/** A server with TLS stops because it has no certificate. */
function hasRedisTls(): boolean {
  if (REDIS_SERVER === undefined) return false;
  const args = ['--tls-port', '1', '--port', '0'];
  const { stdout } = spawnSync(REDIS_SERVER, args, { encoding: 'utf8', timeout: 30_000 });
  return stdout?.includes('Failed to configure TLS') ?? false;
}

function hasScript(): boolean {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  return /util-linux/.test(stdout ?? '');
}

function hasIpv6(): boolean {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.some(({ address }) => address === '::1');
}
