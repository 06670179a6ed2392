import { readdirSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readLine } from '../../src/delivery/spool/hit-line.js';
import { eventually, startServer } from '../support/child-process.js';
import { type FaultProxyOptions, matomoOnWire, tlsPath } from '../support/fault-proxy.js';
import { startHttpProxy } from '../support/http-proxy.js';
import { listen } from '../support/listen.js';
import { startMatomo } from '../support/matomo.js';
import { startRedis } from '../support/redis-server.js';
import { APPS, get, matomo, REGISTER, startTracked, titles } from '../support/registered-app.js';
import { requires } from '../support/skips.js';
import { sorted } from '../support/sorted.js';
import { linesIn } from '../support/spool.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const APP = `${APPS}/ends.cjs`;
const IN_CODE = `${APPS}/ends-in-code.mjs`;
const CA = tlsPath('ca.pem');
/** No hit is sent before the process ends. */
const LATE = { MATOMO_SCHEDULE_DELAY: '60000' };

/** Starts an application, has it answer one request, and end by another, before any hit is sent. */
async function end(args: readonly string[], env: Record<string, string>, path = '/exit') {
  const app = await startServer(args, { env: { ...LATE, ...env } });
  await get(`${app.url}/first`);
  await get(app.url + path).catch(() => undefined);
  const exit = await app.exit();
  return { ...exit, stderr: app.stderr() };
}

/** A Matomo that answers every bulk in this way. */
function serve(respond: (response: ServerResponse) => void): Promise<string> {
  return listen(
    createServer((request, response) => {
      request.resume().on('end', () => respond(response));
    }),
  );
}

type Certificate = NonNullable<FaultProxyOptions['certificate']>;

const BULK =
  /^\{"requests":\["\?idsite=1&[^"]+"\],"token_auth":"0123456789abcdef0123456789abcdef"\}$/;

/** The request line, and headers in any order. */
function headersOf(head = ''): string[] {
  const [start = '', ...headers] = head.trim().split('\r\n');
  const own = headers.map((line) => line.toLowerCase());
  return [start, ...own.filter((line) => !line.startsWith('content-length:')).sort()];
}

/** Paths of the requests whose hits are in a spool. A write that was under way may leave an empty segment, or part of a line. */
function pathsIn(folder: string): string[] {
  const lines = linesIn(folder).filter((line) => readLine(Buffer.from(line, 'latin1')));
  return lines.map(
    (line) => new URL(decodeURIComponent(/[?&]url=([^&]+)/.exec(line)?.[1] ?? '')).pathname,
  );
}

/** Without frames of Node itself, of which asynchronous contexts add one. */
function ofApplication({ stderr, ...exit }: { stderr: string }) {
  return { ...exit, stderr: stderr.replace(/^ +at .*\(node:internal.*\n/gm, '') };
}

describe('every finished request arrives, and the process ends as it would without us', () => {
  test.each([
    ['process.exit()', '/exit'],
    ['an uncaught exception', '/throw'],
    ['an unhandled rejection', '/reject'],
  ])('%s', async (_how, path) => {
    const { inspector, env } = await matomo();
    const without = await end([APP], {}, path);
    expect(without.code).toBeGreaterThan(0);
    const withUs = await end([...REGISTER, APP], env, path);
    expect(ofApplication(withUs)).toEqual(ofApplication(without));
    expect(titles(inspector)).toEqual(['GET /first', `GET ${path}`]);
  });

  test.for([
    ['server.close(() => process.exit(0))', { HANDLER: 'close' }, 0],
    ['the same, to run once', { HANDLER: 'close', ONCE: '1' }, 0],
    ['process.exit() 150 ms later', { HANDLER: 'soon' }, 0],
    ['process.exit() at once', { HANDLER: 'now' }, 5],
  ] as const)('a handler of SIGTERM with %s', async ([, handler, code]) => {
    const { inspector, app } = await startTracked([...REGISTER, APP], { ...LATE, ...handler });
    await get(`${app.url}/first`);
    await get(`${app.url}/second`);
    expect(await app.stop()).toEqual({ code, signal: null });
    expect(sorted(titles(inspector))).toEqual(['GET /first', 'GET /second']);
  });

  test('a handler of SIGUSR2 as nodemon wants it, which sends the signal again', async () => {
    const { inspector, app } = await startTracked([...REGISTER, APP], {
      ...LATE,
      HANDLER: 'nodemon',
      HANDLES: 'SIGUSR2',
      ONCE: '1',
    });
    await get(`${app.url}/first`);
    expect(await app.stop('SIGUSR2')).toEqual({ code: null, signal: 'SIGUSR2' });
    expect(titles(inspector)).toEqual(['GET /first']);
  });

  test('nothing of the application runs in the thread that sends', async () => {
    const { inspector, env } = await matomo();
    const preload = `--require ./${APPS}/shows-thread.cjs`;
    const NODE_OPTIONS = `${preload} ${REGISTER.join(' ')}`;
    const { code, stderr } = await end([APP], { ...env, NODE_OPTIONS });
    expect({ code, stderr }).toEqual({ code: 3, stderr: 'thread 0\n' });
    expect(titles(inspector)).toEqual(['GET /first', 'GET /exit']);
  });

  test('a processor in code does so with the option exitFlush, without register', async () => {
    const { inspector, env } = await matomo();
    const OPTIONS = JSON.stringify({ exitFlush: true });
    const { code, stderr } = await end([IN_CODE], { ...env, OPTIONS, HANDLER: 'close' });
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(titles(inspector)).toEqual(['GET /first', 'GET /exit']);
  });

  test('requests of AI chatbots leave in a bulk of their own', async () => {
    const { wire, env } = await matomoOnWire();
    const OPTIONS = JSON.stringify({ exitFlush: true });
    const app = await startServer([IN_CODE], { env: { ...env, ...LATE, OPTIONS } });
    const headers = { connection: 'close', 'user-agent': 'ChatGPT-User/1.0' };
    for (const path of ['/one', '/two']) await fetch(app.url + path, { headers });
    await get(`${app.url}/visit`);
    await get(`${app.url}/exit`).catch(() => undefined);
    expect(await app.exit()).toMatchObject({ code: 3 });
    const bulks = wire.requests().map(({ body }) => body.match(/(?<=\/)(?:one|two|visit|exit)\b/g));
    expect(sorted(bulks.map(String))).toEqual(['one,one,two,two', 'visit,visit,exit,exit']);
  });

  test.for([
    ['process.exit()', 3, null],
    ['SIGTERM', null, 'SIGTERM'],
  ] as const)(
    '%s: events, goals, orders and requests of AI chatbots arrive, each behind its page view',
    async ([how, code, signal]) => {
      const { inspector, app } = await startTracked([...REGISTER, APP], LATE);
      const headers = { connection: 'close', 'user-agent': 'ChatGPT-User/1.0' };
      await get(`${app.url}/further`);
      await fetch(`${app.url}/chatbot`, { headers });
      await get(`${app.url}/next`);
      if (signal) app.kill(signal);
      else await get(`${app.url}/exit`);
      expect(await app.exit(), how).toEqual({ code, signal });
      const ofChatbots = inspector.hits().filter(({ verdict }) => verdict === 'ai_chatbot');
      expect(ofChatbots.map(({ params }) => params.action_name)).toEqual(['GET /chatbot']);
      const others = inspector.hits().filter((hit) => !ofChatbots.includes(hit));
      const names = others.map(({ params }) => {
        const { e_a, ec_id, idgoal, download, action_name } = params;
        return e_a ?? ec_id ?? idgoal ?? download ?? action_name;
      });
      const further = ['event', '3', 'A-1', 'https://files.example/a.pdf'];
      const last = signal ? [] : ['GET /exit'];
      expect(names).toEqual(['GET /further', ...further, 'GET /next', ...last]);
    },
  );

  test('a dry run shows them', async () => {
    const { env } = await matomo();
    const { stderr } = await end([...REGISTER, APP], { ...env, MATOMO_DRY_RUN: '1' });
    expect(stderr.match(/dry run: .*url=\S+\/(first|exit)/g)).toHaveLength(2);
  });
});

describe('a handler of the application that ends nothing', () => {
  test.each(['SIGHUP', 'SIGUSR2', 'SIGTERM', 'SIGINT'] as const)(
    '%s: the process stays and is tracked on',
    async (signal) => {
      const { inspector, app } = await startTracked([...REGISTER, APP], {
        ...LATE,
        HANDLER: 'stays',
        HANDLES: signal,
      });
      await get(`${app.url}/first`);
      app.kill(signal);
      await eventually(() => app.stdout().includes('still there'));
      await get(`${app.url}/exit`);
      expect(await app.exit()).toEqual({ code: 3, signal: null });
      expect(titles(inspector)).toEqual(['GET /first', 'GET /exit']);
    },
  );
});

describe('the way to Matomo is that of other bulks', () => {
  test('an address of IPv6', async () => {
    requires('IPv6');
    const inspector = await startMatomo({ host: '::1' });
    const env = { MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1' };
    await end([...REGISTER, APP], env);
    expect(titles(inspector)).toEqual(['GET /first', 'GET /exit']);
  });

  test.for<[string, Certificate, Record<string, string>]>([
    ['a CA that NODE_EXTRA_CA_CERTS names', 'server', { NODE_EXTRA_CA_CERTS: CA }],
    [
      'nobody, with NODE_TLS_REJECT_UNAUTHORIZED=0',
      'self-signed',
      { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    ],
  ])('a certificate of %s', async ([, certificate, trust]) => {
    const { inspector, env } = await matomoOnWire({}, { certificate });
    expect((await end([...REGISTER, APP], { ...env, ...trust })).code).toBe(3);
    expect(titles(inspector)).toEqual(['GET /first', 'GET /exit']);
  });

  test('a certificate that nobody trusts: nothing is sent, and the log says why', async () => {
    const { inspector, env } = await matomoOnWire({}, { certificate: 'server' });
    const { stderr } = await end([...REGISTER, APP], env);
    expect(stderr).toMatch(
      /2 hits \(.*UNABLE_TO_VERIFY_LEAF_SIGNATURE.*shutdown: 2.*\[lost-at-shutdown\]\n$/,
    );
    expect(titles(inspector)).toEqual([]);
  });

  test.for([
    ['http', 'http', 'POST'],
    ['http', 'https', 'CONNECT'],
    ['https', 'http', 'CONNECT'],
    ['https', 'https', 'CONNECT'],
  ] as const)('%s through an %s proxy', async ([scheme, proxyScheme, method]) => {
    const way = scheme === 'https' ? ({ certificate: 'server' } as const) : {};
    const { inspector, wire, env } = await matomoOnWire({}, way);
    const proxy = await startHttpProxy(wire.url, proxyScheme);
    const url = `${scheme}://matomo.test:8443`;
    const proxyUrl = proxy.url.replace('://', '://user:p%40ss@');
    const { stderr } = await end([...REGISTER, APP], {
      ...env,
      ...LATE,
      MATOMO_URL: url,
      HTTP_PROXY: proxyUrl,
      NODE_EXTRA_CA_CERTS: CA,
    });
    expect(stderr).toBe('');
    expect(titles(inspector)).toEqual(['GET /first', 'GET /exit']);
    const target = method === 'POST' ? `${url}/matomo.php` : 'matomo.test:8443';
    const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
    expect(proxy.requests()).toMatchObject([
      { method, target, headers: { 'proxy-authorization': authorization } },
    ]);
  });

  test('a response in gzip is read', async () => {
    const url = await serve((response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipSync('{"status":"success","tracked":2,"invalid":0}'));
    });
    const env = { MATOMO_URL: url, MATOMO_SITE_ID: '1' };
    expect(await end([...REGISTER, APP], env)).toMatchObject({ stderr: '' });
  });

  test('of a response without an end, 64 kB are read', async () => {
    const url = await serve((response) => {
      response.write('{"status":"success","tracked":2,"invalid":0}');
      response.write(' '.repeat(65_536));
    });
    const env = { MATOMO_URL: url, MATOMO_SITE_ID: '1', MATOMO_SHUTDOWN_TIMEOUT: '3600000' };
    expect(await end([...REGISTER, APP], env)).toMatchObject({ stderr: '' });
  });

  test('a proxy that refuses is named', async () => {
    const { inspector, env } = await matomo();
    const proxy = await startHttpProxy(inspector.url);
    proxy.refuse(407);
    const MATOMO_URL = 'https://matomo.test';
    const HTTPS_PROXY = proxy.url;
    const { stderr } = await end([...REGISTER, APP], { ...env, MATOMO_URL, HTTPS_PROXY });
    expect(stderr).toContain('the proxy answered 407');
  });

  test('a bulk looks like any other, and has the token in its body only', async () => {
    const { inspector, wire, env } = await matomoOnWire();
    const MATOMO_TOKEN_AUTH = '0123456789abcdef0123456789abcdef';
    const MATOMO_HEADERS = 'x-gate=open';
    const app = await startServer([...REGISTER, APP], {
      env: {
        ...env,
        MATOMO_SCHEDULE_DELAY: '100',
        MATOMO_TOKEN_AUTH,
        MATOMO_HEADERS,
      },
    });
    await get(`${app.url}/first`);
    await eventually(() => inspector.hits().length === 1);
    await get(`${app.url}/exit`);
    await app.exit();
    expect(titles(inspector)).toEqual(['GET /first', 'GET /exit']);
    const [first, last] = wire.requests();
    expect(last?.body).toMatch(BULK);
    expect(first?.body).toMatch(BULK);
    expect(headersOf(last?.head)).toEqual(headersOf(first?.head));
    expect(last?.head).toContain('x-gate: open');
    expect(app.stderr() + last?.head).not.toContain(MATOMO_TOKEN_AUTH);
  });
});

describe('what cannot be sent is counted and logged once, with the reason', () => {
  test('Matomo cannot be reached: the process does not wait for it', async () => {
    const unreachable = { MATOMO_URL: 'http://127.0.0.1:9', MATOMO_SITE_ID: '1' };
    const patient = { MATOMO_SHUTDOWN_TIMEOUT: '3600000' };
    const ended = await end([...REGISTER, APP], { ...unreachable, ...patient });
    expect(ended).toEqual({ code: 3, signal: null, stderr: expect.any(String) });
    expect(ended.stderr).toMatch(
      /^opentelemetry-matomo: .* 2 hits \(.*ECONNREFUSED.*\bspool\b.*\[lost-at-shutdown\]\n$/,
    );
  });

  test('Matomo does not answer, and was unavailable before: the process waits 300 ms', async () => {
    const { inspector, app } = await startTracked([...REGISTER, APP], {
      MATOMO_SCHEDULE_DELAY: '0',
      MATOMO_SHUTDOWN_TIMEOUT: '3600000',
    });
    inspector.play({ status: 503, times: 1 });
    await get(`${app.url}/first`);
    await eventually(() => app.stderr().includes('[unavailable]'));
    inspector.play({ delayMillis: 3_600_000 });
    await get(`${app.url}/exit`);
    expect(await app.exit()).toMatchObject({ code: 3 });
    expect(app.stderr()).toMatch(
      / 2 hits \(.*\b503\b(?!.*shutdownTimeoutMillis).*\bspool\b.*\[lost-at-shutdown\]\n$/,
    );
  });

  test('Matomo does not answer in time: a longer timeout is suggested', async () => {
    const { inspector, env } = await matomo();
    inspector.play({ delayMillis: 3_600_000 });
    const short = { MATOMO_SHUTDOWN_TIMEOUT: '500' };
    const { stderr } = await end([...REGISTER, APP], { ...env, ...short });
    expect(stderr).toMatch(/not confirmed: 2 hits.*\bshutdownTimeoutMillis\b.*\[unconfirmed\]\n$/);
  });

  test('exitFlush is off', async () => {
    const { inspector, env } = await matomo();
    const off = { ...env, MATOMO_EXIT_FLUSH: 'false' };
    const { stderr } = await end([...REGISTER, APP], off);
    expect(stderr).toMatch(/^opentelemetry-matomo: .* 2 hits \(exitFlush is off.*\n$/);
    expect(titles(inspector)).toEqual([]);
  });

  test.for([
    ['counts as unconfirmed', 'false', 1],
    ['is sent again with resendUnconfirmed', 'true', 2],
  ] as const)('a bulk in flight %s', async ([, resend, times]) => {
    const { inspector, app } = await startTracked([...REGISTER, APP], {
      MATOMO_SCHEDULE_DELAY: '0',
      MATOMO_RESEND_UNCONFIRMED: resend,
    });
    inspector.play({ delayMillis: 3_600_000, times: 1 });
    await get(`${app.url}/first`);
    await eventually(() => inspector.hits().length === 1);
    await get(`${app.url}/exit`);
    expect(await app.exit()).toMatchObject({ code: 3 });
    const firsts = titles(inspector).filter((title) => title === 'GET /first');
    expect(firsts).toHaveLength(times);
    expect(titles(inspector)).toContain('GET /exit');
    expect(app.stderr()).toMatch(
      times === 1 ? /not confirmed: 1 hit\b.*\bresendUnconfirmed\b.*\[unconfirmed\]\n$/ : /^$/,
    );
  });
});

describe('with a spool', () => {
  test('a folder: hits are written at once, and the next process sends them', async () => {
    const { inspector, env } = await matomo();
    const MATOMO_SPOOL = join(temporaryFolder(), 'spool');
    inspector.play({ status: 503 });
    const first = await startServer([...REGISTER, APP], { env: { ...env, MATOMO_SPOOL } });
    await get(`${first.url}/first`);
    await get(`${first.url}/exit`);
    await first.exit();
    expect(titles(inspector)).toEqual([]);
    expect(
      readdirSync(MATOMO_SPOOL, { recursive: true, encoding: 'utf8' }).some((name) =>
        name.endsWith('.hits'),
      ),
    ).toBe(true);
    inspector.play();
    const next = await startServer([...REGISTER, APP], { env: { ...env, MATOMO_SPOOL } });
    await eventually(() => inspector.hits().length === 2);
    await next.stop();
    expect(sorted(titles(inspector))).toEqual(['GET /exit', 'GET /first']);
  });

  test.for([
    ['counts as unconfirmed and is not sent again', 'false', 1],
    ['is sent again with resendUnconfirmed', 'true', 2],
  ] as const)('a folder: a bulk in flight %s', async ([, resend, times]) => {
    const { inspector, env } = await matomo();
    const spooled = {
      ...env,
      MATOMO_SPOOL: join(temporaryFolder(), 'spool'),
      MATOMO_SCHEDULE_DELAY: '100',
      MATOMO_RESEND_UNCONFIRMED: resend,
    };
    inspector.play({ delayMillis: 3_600_000, times: 1 });
    const first = await startServer([...REGISTER, APP], { env: spooled });
    await get(`${first.url}/first`);
    await eventually(() => inspector.hits().length === 1);
    await get(`${first.url}/exit`);
    await first.exit();
    expect(first.stderr()).toMatch(
      times === 1 ? /not confirmed: 1 hit\b.*\[unconfirmed\]\n$/ : /^$/,
    );
    const next = await startServer([...REGISTER, APP], { env: spooled });
    await eventually(() => titles(inspector).includes('GET /exit'));
    await next.stop();
    const firsts = titles(inspector).filter((title) => title === 'GET /first');
    expect(firsts).toHaveLength(times);
  });

  test.for([1, 2, 3, 4])(
    'a folder: a write that is under way neither loses nor repeats hits (%s)',
    async (round) => {
      const { inspector, env } = await matomo();
      inspector.play({ status: 503 });
      const MATOMO_SPOOL = join(temporaryFolder(), 'spool');
      const app = await startServer([...REGISTER, APP], { env: { ...env, MATOMO_SPOOL } });
      const names = Array.from({ length: round * 17 }, (_, i) => `/${i}`);
      for (const name of names) await get(app.url + name);
      await get(`${app.url}/exit`);
      expect(await app.exit()).toMatchObject({ code: 3 });
      expect(sorted(pathsIn(MATOMO_SPOOL))).toEqual(sorted([...names, '/exit']));
    },
  );

  test('Redis: what is not stored is sent to Matomo', async () => {
    const { inspector, env } = await matomo();
    const redis = await startRedis();
    const { code, stderr } = await end([...REGISTER, APP], { ...env, MATOMO_SPOOL: redis.url });
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(titles(inspector)).toContain('GET /exit');
  });
});
