import { once } from 'node:events';
import { Agent, type ClientRequest, request } from 'node:http';
import { connect } from 'node:http2';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import { sampled } from '../support/long.js';
import { installNodeBeforeTests } from '../support/matrix.js';
import { APPS, get, REGISTER, startTracked, TRACED } from '../support/registered-app.js';
import { seededRandom } from '../support/seed.js';

const TRACING: [string, readonly string[]][] = [
  ['without tracing', []],
  ['with the HTTP instrumentation', TRACED],
];
const REQUESTS = sampled(200, 400);
const CONNECTIONS = 6;
const PLACES = [
  ...['sync', 'microtask', 'nextTick', 'immediate', 'timer', 'fs', 'random', 'zlib', 'bound'],
  ...['pooled', 'data', 'end', 'requestClose', 'finish', 'close', 'finished', 'onceClosed'],
  ...['afterFinish', 'afterClose'],
];
const ENDS = ['ends', 'ends', 'ends', 'streams', 'waits', 'stalls', 'destroys'];

interface Client {
  /** Sends a request, and leaves if its response does not end. */
  ask(path: string, hasBody: boolean): Promise<void>;
  close(): void;
}

function createHttp1Client(url: string): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  async function ask(path: string, hasBody: boolean): Promise<void> {
    const sent = request(url + path, { method: hasBody ? 'POST' : 'GET', agent });
    sent.on('error', () => undefined);
    sent.end(hasBody ? 'a body' : undefined);
    const closed = new Promise((resolve) => sent.once('close', resolve));
    await answerTo(sent, path).catch(() => undefined); // the server may destroy it
    await closed;
  }

  async function answerTo(sent: ClientRequest, path: string): Promise<void> {
    if (path.includes('/waits')) {
      await get(`${url}/begun/${path.split('/')[1]}`);
      sent.destroy();
      return;
    }
    const [response] = await once(sent, 'response');
    if (path.includes('/stalls')) {
      await once(response, 'data');
      sent.destroy();
    } else await text(response);
  }

  return { ask, close: () => agent.destroy() };
}

function createHttp2Client(url: string): Client {
  const session = connect(url);
  const ask = async (path: string, hasBody: boolean): Promise<void> => {
    const method = hasBody ? 'POST' : 'GET';
    const stream = session.request({ ':path': path, ':method': method }, { endStream: !hasBody });
    stream.on('error', () => undefined);
    if (hasBody) stream.end('a body');
    const closed = new Promise((resolve) => stream.once('close', resolve));
    if (path.includes('/waits')) {
      await ask(`/begun/${path.split('/')[1]}`, false);
      stream.close();
    } else if (path.includes('/stalls')) {
      await once(stream, 'data');
      stream.close();
    } else stream.resume();
    await closed;
  };
  return { ask, close: () => session.close() };
}

async function checkCalls(
  node: string,
  preloads: readonly string[],
  protocol: '1.1' | 'h2c',
  count: number,
): Promise<void> {
  const random = seededRandom();
  const env = { PROTOCOL: protocol, MATOMO_SCHEDULE_DELAY: '100' };
  const args = [...preloads, ...REGISTER, `${APPS}/calls.cjs`];
  const { inspector, app } = await startTracked(args, env, { node });
  const client = protocol === '1.1' ? createHttp1Client(app.url) : createHttp2Client(app.url);
  let sent = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (sent < count) {
        sent += 1;
        const end = ENDS[Math.floor(random() * ENDS.length)];
        const places = PLACES.filter(() => random() < 0.4);
        await client.ask(`/r${sent}/${end}?${places.join()}`, random() < 0.3);
      }
    }),
  );
  const countPages = () => inspector.hits().filter(({ params }) => params.e_c === undefined).length;
  await eventually(() => countPages() === sent);
  client.close();
  await app.stop();
  const hits = inspector.hits().map(({ params }) => ({
    id: new URL(params.url ?? 'http://none').pathname.split('/')[1],
    own: params.e_c === undefined ? params.dimension1 : params.e_n,
    place: params.e_a ?? 'page',
  }));
  expect(hits.filter(({ id, own }) => id !== own)).toEqual([]);
  expect(hits.filter(({ place }) => place === 'page')).toHaveLength(sent);
  const { calls, ...counts } = JSON.parse(app.stdout().trim().split('\n').at(-1) ?? '');
  expect(Object.values<number>(counts.lost).every((count) => count === 0)).toBe(true);
  expect(counts.tracked).toBe(hits.length);
  expect(counts.additionalHits + counts.dropped.no_visitor).toBe(calls);
  expect(hits.length).toBe(sent + counts.additionalHits);
  expect(app.stderr()).toBe('');
}

describe.each([20, 26])('on Node.js %i', (major) => {
  const findNode = installNodeBeforeTests(major);
  const protocols: ('1.1' | 'h2c')[] = major === 20 ? ['1.1'] : ['1.1', 'h2c'];

  test.for(
    TRACING.flatMap(([given, preloads]) =>
      protocols.map((each) => [given, each, preloads] as const),
    ),
  )(
    '%s, HTTP/%s: calls in any place belong to their own request',
    async ([, protocol, preloads]) => {
      await checkCalls(findNode(), preloads, protocol, REQUESTS);
    },
  );
});
