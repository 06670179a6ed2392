import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
  type Settings,
} from 'node:http2';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { InspectedHit } from '../../../src/inspector/index.js';
import { eventually, type Server, startServer } from '../../support/child-process.js';
import { sampled } from '../../support/long.js';
import { installNodeBeforeTests } from '../../support/matrix.js';
import { APPS, matomo, REGISTER, startTracked } from '../../support/registered-app.js';
import { sorted } from '../../support/sorted.js';

const NODES = sampled([26], [22, 26]);
/** A local one: for others, HTTPS is assumed. */
const HOST = 'localhost:8443';
const NGHTTP2_CANCEL: number = constants.NGHTTP2_CANCEL;
/** A client with it receives all at once. */
const WINDOW_BYTES = 2 ** 31 - 1;

describe.each(NODES)('Node.js %i', (major) => {
  const nodePath = installNodeBeforeTests(major);

  const start = () =>
    startTracked(
      [...REGISTER, `${APPS}/http2.cjs`],
      { MATOMO_SCHEDULE_DELAY: '100' },
      { node: nodePath() },
    );

  test('a request makes one hit, also if its stream is open when the process ends, a push and gRPC none', async () => {
    const { inspector, app } = await start();
    const client = open(app, { initialWindowSize: WINDOW_BYTES });
    await once(client, 'connect');
    client.setLocalWindowSize(WINDOW_BYTES);
    await ask(client, '/plain', { ':method': 'POST', 'content-type': 'application/grpc+proto' });
    for (const path of ['/pushed', '/stream/file', '/plain']) await ask(client, path);
    // The connection still sends it when both sides have ended the stream.
    expect(await ask(client, '/stream/large', { ':method': 'POST' }, 'body')).toHaveLength(40e6);
    for (const path of ['/half', '/events']) await begin(client, path);
    await app.stop();
    client.destroy();
    const summaries = inspector.hits().map(({ stored, status }) => `${stored?.title} ${status}`);
    const gets = ['/events', '/half', '/plain', '/pushed', '/stream/file'];
    const expected = [...gets.map((path) => `GET ${path} 200`), 'POST /stream/large 200'];
    expect(sorted(summaries)).toEqual(expected);
    expect(app.stderr()).toBe('');
  });

  test('the ways in which clients and servers abort a stream: 499 and 500', async () => {
    const { inspector, app } = await start();
    const client = open(app);
    await leave(client, '/pending');
    // As curl and Envoy do.
    await leave(client, '/half?curl', constants.NGHTTP2_STREAM_CLOSED);
    await leave(client, '/stream/file?envoy', constants.NGHTTP2_NO_ERROR);
    await ask(client, '/reset').catch(() => undefined);
    client.close();
    const disconnected = open(app);
    const stream = await begin(disconnected, '/half?disconnected');
    (stream.session as ClientHttp2Session & { socket: Socket }).socket.resetAndDestroy?.();
    disconnected.destroy();
    await ask(open(app), '/session-destroyed').catch(() => undefined);

    await eventually(() => inspector.hits().length >= 6);
    await app.stop();
    const statuses = inspector.hits().map(({ params, status }) => {
      const { pathname, search } = new URL(params.url ?? '');
      return `${pathname}${search} ${status}`;
    });
    expect(sorted(statuses)).toEqual([
      '/half?curl 499',
      '/half?disconnected 499',
      '/pending 499',
      '/reset 500',
      '/session-destroyed 500',
      '/stream/file?envoy 499',
    ]);
    expect(app.stderr()).toBe('');
  });

  test('streams that have ended or were aborted stay in memory nowhere', async () => {
    const { inspector, env } = await matomo();
    const app = await startServer(['--expose-gc', ...REGISTER, `${APPS}/http2.cjs`], {
      env: { ...env, COUNTS_STREAMS: '1', MATOMO_SCHEDULE_DELAY: '100' },
      node: nodePath(),
    });
    const client = open(app);
    for (let i = 0; i < 100; i++) {
      await ask(client, '/remembered');
      await leave(client, '/half');
    }
    const control = open(app);
    // What is left is the stream that asks, and the one before.
    const isFree = async () => JSON.parse(await ask(control, '/memory')).streams <= 2;
    await eventually(isFree);
    client.close();
    await once(client, 'close');
    await eventually(isFree);
    await app.stop();
    const ofClient = ({ params }: InspectedHit) => !params.url?.endsWith('/memory');
    expect(inspector.hits().filter(ofClient)).toHaveLength(200);
  });
});

function open(app: Server, settings: Settings = {}): ClientHttp2Session {
  const session = connect(app.url, { rejectUnauthorized: false, settings });
  session.on('error', () => undefined);
  session.on('stream', (pushed) => pushed.resume());
  onTestFinished(() => session.destroy());
  return session;
}

const headersOf = (path: string, more: OutgoingHttpHeaders = {}) => ({
  ...{ ':path': path, ':authority': HOST, 'user-agent': 'curl/8.5.0' },
  ...more,
});

/** The body of a response. */
async function ask(
  session: ClientHttp2Session,
  path: string,
  more: OutgoingHttpHeaders = {},
  body?: string,
): Promise<string> {
  const stream = session.request(headersOf(path, more), { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  const received = await text(stream);
  if (!stream.closed) await once(stream, 'close');
  return received;
}

/** A stream whose response has begun. */
async function begin(session: ClientHttp2Session, path: string): Promise<ClientHttp2Stream> {
  const stream = session.request(headersOf(path));
  stream.on('error', () => undefined);
  await once(stream, 'data');
  return stream;
}

/** Resets the stream in the middle of the response. */
async function leave(session: ClientHttp2Session, path: string, code = NGHTTP2_CANCEL) {
  const stream = await begin(session, path);
  const closed = new Promise((resolve) => stream.once('close', resolve)); // it may have an error, too
  stream.close(code);
  await closed;
}
