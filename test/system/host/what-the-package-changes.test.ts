import { expect, test } from 'vitest';
import { get, REGISTER } from '../../support/registered-app.js';
import { APP, firstDelivery, preload, startHost } from './hosts.js';

/** All that differs between a process with and without the package. */
const CHANGES: readonly RegExp[] = [
  /^globalThis\.Symbol\(opentelemetry-matomo\.[a-z-]+\.1\)$/, // shared by all copies of the package
  // To send what is queued when the process ends, also if the application removes all listeners.
  /^listeners of (?:SIGTERM|SIGINT|SIGHUP|SIGUSR2|beforeExit|exit)$/,
  /^process\.reallyExit$/,
  // What shows that it serves, requests, and their routes and operations.
  /^channel (?:net\.server\.socket|tracing:net\.server\.listen:asyncStart)$/,
  /^channel (?:http\.server\.(?:request\.start|response\.finish)|http2\.server\.stream\.\w+)$/,
  /^channel tracing:(?:graphql:execute|fastify\.request\.handler):start$/,
  // The requests of a connection, how it ends, and whose a SERVER span is.
  /^property of a socket: (?:Symbol\(opentelemetry-matomo\.connection\)|end)$/,
  /^listeners of a (?:socket: (?:close|end|error|timeout)|server: request)$/,
  /^property of a socket: _peername$/, // Node.js has remembered the address
  /^loaded \/dist\/cjs\//,
  /^async hooks$/, // of `AsyncLocalStorage` in Node.js 20 and 22
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
    const isListed = (name: string) => CHANGES.some((change) => change.test(name));
    const unlisted = changed.filter((name) => !isListed(name));
    const texts = unlisted.map((name) => [name, alone[name], tracked[name]]);
    expect(texts, how).toEqual([]);
    const shown = changed.filter(
      (name) => HIDDEN.test(name) && !tracked[name]?.startsWith('hidden'),
    );
    expect(shown, how).toEqual([]);
    for (const change of CHANGES)
      if (!/async|_peername/.test(String(change)))
        expect(changed, how).toContainEqual(expect.stringMatching(change));
  }
});
