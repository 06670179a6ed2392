import { expect, test } from 'vitest';
import { get, REGISTER } from '../../support/registered-app.js';
import { APP, firstDelivery, preload, startHost } from './hosts.js';

/** All that differs between a process with and without the package, and why. */
const CHANGES: readonly (readonly [what: RegExp, why: string])[] = [
  [
    /^globalThis\.Symbol\(opentelemetry-matomo\.[a-z-]+\.1\)$/,
    'shared by all copies of the package; hidden',
  ],
  [
    /^listeners of (?:SIGTERM|SIGINT|SIGHUP|SIGUSR2|beforeExit|exit)$/,
    'send what is queued when the process ends',
  ],
  [
    /^channel (?:net\.server\.socket|tracing:net\.server\.listen:asyncStart)$/,
    'show that it serves',
  ],
  [
    /^channel (?:http\.server\.(?:request\.start|response\.finish)|http2\.server\.stream\.(?:created|close))$/,
    'show requests',
  ],
  [
    /^channel tracing:(?:graphql:execute|fastify\.request\.handler):start$/,
    'show routes and operations',
  ],
  [
    /^property of a socket: (?:Symbol\(opentelemetry-matomo\.connection\)|end)$/,
    'its requests, their contexts, and answers by the socket itself; hidden',
  ],
  [
    /^listeners of a (?:socket: (?:close|end|error|timeout)|server: request)$/,
    'one that comes first: how a connection ends, and whose a SERVER span is',
  ],
  [/^process\.reallyExit$/, 'an application may remove all listeners of `exit`'],
  [/^property of a socket: _peername$/, 'Node.js has remembered the address'],
  [/^loaded \/dist\/cjs\//, 'the package itself'],
  [/^async hooks$/, 'Node.js 20 and 22 use hooks for `AsyncLocalStorage`'],
];

/** Of what may differ and has texts that say whether a property is enumerable. */
const HIDDEN = /^(?:globalThis|property of a [a-z ]+: (?!_peername))/;

type Snapshot = Readonly<Record<string, string>>;

async function snapshot(flags: readonly string[]): Promise<Snapshot> {
  const host = await startHost(['--expose-internals', ...flags, ...preload('snapshot'), APP]);
  const { url } = host.app;
  for (let i = 1; i < 10; i++) await get(`${url}/${i}`);
  await get(`${url}/see`);
  if (flags.length > 0) await firstDelivery(host);
  const { 'environment MATOMO_URL': _, ...texts } = JSON.parse(await get(`${url}/snapshot`));
  return texts;
}

test('after ten requests and a delivery, a process is as without the package but for what is listed here', async () => {
  const alone = await snapshot([]);
  expect(Object.keys(alone).length).toBeGreaterThan(500);
  for (const [how, register] of [
    ['--require', REGISTER],
    ['--import', ['--import', 'opentelemetry-matomo/register']],
  ] as const) {
    const tracked = await snapshot(register);
    const names = [...new Set([...Object.keys(alone), ...Object.keys(tracked)])];
    const changed = names.filter((name) => alone[name] !== tracked[name]);
    const isListed = (name: string) => CHANGES.some(([what]) => what.test(name));
    const unlisted = changed.filter((name) => !isListed(name));
    const texts = unlisted.map((name) => [name, alone[name], tracked[name]]);
    expect(texts, how).toEqual([]);
    const shown = changed.filter(
      (name) => HIDDEN.test(name) && !tracked[name]?.startsWith('hidden'),
    );
    expect(shown, how).toEqual([]);
    for (const [what] of CHANGES)
      if (!/async|_peername/.test(String(what)))
        expect(changed, how).toContainEqual(expect.stringMatching(what));
  }
});
