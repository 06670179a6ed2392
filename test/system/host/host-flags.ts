import { test } from 'vitest';
import { sampled } from '../../support/long.js';
import { startRedis } from '../../support/redis-server.js';
import { REGISTER } from '../../support/registered-app.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { together } from '../../support/together.js';
import { APP, expectToLive, preload, STARTS } from './hosts.js';

type Row = readonly [name: string, flags: readonly string[], env: Record<string, string>];

const FREEZE = preload('freeze');

/** What ended processes, or kept them from their end. */
const DANGEROUS: readonly Row[] = [
  ['removes WebAssembly', preload('no-wasm'), {}],
  ['has frozen intrinsics of Node.js', ['--no-warnings', '--frozen-intrinsics'], {}],
  ['freezes all intrinsics before it listens', FREEZE, {}],
  ['freezes all intrinsics and handles errors', FREEZE, { FREEZE: 'after', HANDLES_ERRORS: '1' }],
  ['freezes the global object, too', FREEZE, { FREEZE: 'after', FREEZE_GLOBAL: '1' }],
];

const FILES = ['--allow-fs-read=*', '--allow-fs-write=*'];

function permissionOf(major: number): string {
  return major < 24 ? '--experimental-permission' : '--permission';
}

/** What else an application may do to its process. */
const moreOf = (major: number): readonly Row[] => [
  ['is as usual', [], {}],
  ['replaces the HTTP client', preload('mocks'), {}],
  ['has no compiler', ['--jitless'], {}],
  // Node.js 24 does not know the flag.
  ...(major < 24 ? [['starts without WebAssembly', ['--no-expose-wasm'], {}] as const] : []),
  ['permits files only', ['--no-warnings', permissionOf(major), ...FILES], {}],
  ['freezes all intrinsics when it listens', FREEZE, { FREEZE: 'after' }],
  ['freezes the global object before it listens', FREEZE, { FREEZE_GLOBAL: '1' }],
  ['has no __proto__', ['--disable-proto=delete'], {}],
  ['throws on __proto__', ['--disable-proto=throw'], {}],
  ['evaluates no text', ['--disallow-code-generation-from-strings'], {}],
  ['throws on deprecated functions', ['--pending-deprecation', '--throw-deprecation'], {}],
  ['ends by the first unhandled rejection', ['--unhandled-rejections=strict'], {}],
  ['has no stack traces', ['--stack-trace-limit=0'], {}],
];

/** Where else than in memory hits wait. */
const SPOOLS: readonly (readonly [where: string, open: () => Promise<string>])[] = [
  ['a folder', async () => temporaryFolder()],
  ['Redis', async () => (await startRedis()).url],
];

type NodeOptions = () => { readonly node?: string };

/** The rows of `npm test`, together. */
export function testDangerousHosts(): void {
  test('hosts that ended processes live and end as they would', () =>
    together(DANGEROUS, nameOf, ([, flags, env]) =>
      expectToLive([...REGISTER, ...flags, APP], { env }),
    ));
}

/** All rows of one way. They run together. */
export function testAllHosts(major: number, options: NodeOptions): void {
  test('hosts live and end as they would', () =>
    together([...DANGEROUS, ...moreOf(major)], nameOf, ([, flags, env]) =>
      expectToLive([...REGISTER, ...flags, APP], { ...options(), env }),
    ));
}

/** The rows that were dangerous, with `start` and with spools. */
export function testOtherWays(options: NodeOptions): void {
  test('the same with start() in an ES module', () =>
    together(DANGEROUS, nameOf, ([, flags, env]) =>
      expectToLive([...STARTS, ...flags, APP], { ...options(), env }),
    ));

  test.each(sampled(SPOOLS.slice(0, 1), SPOOLS))(
    'the same of hosts with hits in %s',
    (_where, open) =>
      together(DANGEROUS, nameOf, async ([, flags, env]) => {
        const spooled = { ...env, MATOMO_SPOOL: await open() };
        await expectToLive([...REGISTER, ...flags, APP], { ...options(), env: spooled });
      }),
  );
}

function nameOf([name]: Row): string {
  return name;
}
