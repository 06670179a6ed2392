import { describe, expect, test } from 'vitest';
import { startServer } from '../../support/child-process.js';
import { type FaultProxyOptions, matomoOnWire, tlsPath } from '../../support/fault-proxy.js';
import { startHttpProxy } from '../../support/http-proxy.js';
import { installNodeBeforeTests } from '../../support/matrix.js';
import { get, matomo, REGISTER, titles } from '../../support/registered-app.js';
import { preload, WAITS_LONG } from './rows/row.js';

// At `exit`, a thread sends with the client and the settings of other bulks.

const APP = [...REGISTER, 'test/contracts/doors/end/app.cjs'];
const CA = tlsPath('ca.pem');
const BOTH = ['GET /first', 'GET /end'];

/** Has an application handle two requests, of which the last one ends it, before any hit is sent. Returns what it has logged. */
async function end(env: Readonly<Record<string, string>>, node?: string): Promise<string> {
  const late = { END: 'exit in a handler', MATOMO_SCHEDULE_DELAY: '60000', ...WAITS_LONG };
  const app = await startServer(APP, { env: { ...late, ...env }, ...(node && { node }) });
  await get(`${app.url}/first`);
  await get(`${app.url}/end`);
  expect(await app.exit()).toEqual({ code: 3, signal: null });
  return app.stderr();
}

type Certificate = NonNullable<FaultProxyOptions['certificate']>;

test.for<[string, Certificate, Record<string, string>]>([
  ['a CA that NODE_EXTRA_CA_CERTS names', 'server', { NODE_EXTRA_CA_CERTS: CA }],
  [
    'nobody, with NODE_TLS_REJECT_UNAUTHORIZED=0',
    'self-signed',
    { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
  ],
])('a certificate of %s', async ([, certificate, trust]) => {
  const { inspector, env } = await matomoOnWire({}, { certificate });
  await end({ ...env, ...trust });
  expect(titles(inspector)).toEqual(BOTH);
});

describe('what flags and the application have set for TLS', () => {
  const findNode = installNodeBeforeTests(24);

  test.for<[string, Record<string, string>]>([
    ['--use-system-ca', { NODE_OPTIONS: '--use-system-ca', SSL_CERT_FILE: CA }],
    ['NODE_USE_SYSTEM_CA', { NODE_USE_SYSTEM_CA: '1', SSL_CERT_FILE: CA }],
    ['tls.setDefaultCACertificates', { ...preload('sets-certificates.cjs'), CA }],
  ])('%s', async ([, trust]) => {
    const { inspector, env } = await matomoOnWire({}, { certificate: 'server' });
    expect(await end({ ...env, ...trust }, findNode())).toBe('');
    expect(titles(inspector)).toEqual(BOTH);
  });

  test('--tls-min-v1.1', async () => {
    const way = { certificate: 'server', tlsVersion: 'TLSv1.1' } as const;
    const { inspector, env } = await matomoOnWire({}, way);
    const flags = '--tls-min-v1.1 --tls-cipher-list=DEFAULT@SECLEVEL=0';
    expect(await end({ ...env, NODE_OPTIONS: flags, NODE_EXTRA_CA_CERTS: CA })).toBe('');
    expect(titles(inspector)).toEqual(BOTH);
  });
});

test('a certificate that nobody trusts: nothing is sent, and the log names the error', async () => {
  const { inspector, env } = await matomoOnWire({}, { certificate: 'server' });
  expect(await end(env)).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE.*\[lost-at-shutdown\]\n$/);
  expect(titles(inspector)).toEqual([]);
});

test.for([
  ['http', 'http', 'POST'],
  ['https', 'https', 'CONNECT'],
] as const)('%s through an %s proxy', async ([scheme, proxyScheme, method]) => {
  const way = scheme === 'https' ? ({ certificate: 'server' } as const) : {};
  const { inspector, wire, env } = await matomoOnWire({}, way);
  const proxy = await startHttpProxy(wire.url, proxyScheme);
  const url = `${scheme}://matomo.test:8443`;
  const logged = await end({
    ...env,
    MATOMO_URL: url,
    HTTP_PROXY: proxy.url.replace('://', '://user:p%40ss@'),
    NODE_EXTRA_CA_CERTS: CA,
  });
  expect(logged).toBe('');
  expect(titles(inspector)).toEqual(BOTH);
  const target = method === 'POST' ? `${url}/matomo.php` : 'matomo.test:8443';
  const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
  expect(proxy.requests()).toMatchObject([
    { method, target, headers: { 'proxy-authorization': authorization } },
  ]);
});

test('without permission to start threads, the flag that permits it is named', async () => {
  const { env } = await matomo();
  const isStable = Number.parseInt(process.versions.node, 10) >= 24;
  const flag = isStable ? '--permission' : '--experimental-permission';
  const flags = `--no-warnings ${flag} --allow-fs-read=* --allow-fs-write=*`;
  expect(await end({ ...env, NODE_OPTIONS: flags })).toMatch(
    /^.*--allow-worker\b.*\[lost-at-shutdown\]\n$/,
  );
});
