import { createServer, type RequestListener } from 'node:http';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { freePort } from '../../support/free-port.js';
import { listen } from '../../support/listen.js';
import { get } from '../../support/registered-app.js';
import { APP, firstDelivery, LOADED, preload, startHost } from './hosts.js';

const FETCHES = preload('fetches');

/** Answers with what it got, and in other ways by path. */
const answer: RequestListener = async (request, response) => {
  const { method, url, headers } = request;
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  const { host, ...others } = headers;
  const isOwnHost = host === `127.0.0.1:${request.socket.localPort}`;
  const got = JSON.stringify({ method, url, headers: others, isOwnHost, body });
  const boundary = /boundary=(\S+)/.exec(headers['content-type'] ?? '')?.[1] ?? '\0';
  const text = got.replaceAll(boundary, 'boundary');
  if (url === '/hangs') return;
  if (url === '/redirect') response.writeHead(303, { location: '/get' }).end();
  else if (url === '/cut') {
    response.writeHead(200, { 'content-length': '9' });
    response.write('cut', () => response.destroy());
  } else if (url === '/gzip')
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(text));
  else response.end(text);
};

interface Fetched {
  readonly outcomes: Record<string, object>;
  readonly dispatchers: unknown;
}

/** Tests a Node.js. */
export function testFetch(options: () => { readonly node?: string }): void {
  async function run(flags: readonly string[]) {
    const server = createServer((request, response) => {
      Promise.resolve(answer(request, response)).catch(() => response.destroy());
    });
    const env = {
      TARGET: await listen(server),
      PORT_OF_NOBODY: String(await freePort()),
      MATOMO_SCHEDULE_DELAY: '2000',
    };
    const host = await startHost([...flags, ...FETCHES, APP], { ...options(), env });
    const { url } = host.app;
    const read = async (path: string) => JSON.parse(await get(`${url}${path}`));
    const fetches: () => Promise<Fetched> = () => read('/fetches');
    return { host, fetches, dispatchers: () => read('/dispatchers') };
  }

  test('`fetch` of the application answers as without the package, before and after the first delivery', async () => {
    const alone = await (await run([])).fetches();
    expect(Object.keys(alone.outcomes).length).toBeGreaterThan(10);
    for (const [how, register] of LOADED) {
      const { host, fetches } = await run(register);
      expect(await fetches(), how).toEqual(alone);
      await firstDelivery(host);
      expect(await fetches(), how).toEqual(alone);
      expect(await host.app.stop(), how).toEqual({ code: null, signal: 'SIGTERM' });
    }
  });

  test('`fetch` that is first used after a delivery answers as without the package, and until then nothing has set its dispatcher', async () => {
    const alone = await run([]);
    const unused = await alone.dispatchers();
    const used = await alone.fetches();
    for (const [how, register] of LOADED) {
      const { host, fetches, dispatchers } = await run(register);
      await get(`${host.app.url}/`);
      await firstDelivery(host);
      expect(await dispatchers(), how).toEqual(unused);
      expect(await fetches(), how).toEqual(used);
    }
  });
}
