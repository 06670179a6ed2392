import { once } from 'node:events';
import { Agent, type ClientRequest, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import type { InspectedHit } from '../../src/inspector/index.js';
import { APPS, REGISTER, startTracked, TRACED } from '../support/registered-app.js';
import { sorted } from '../support/sorted.js';

export const TRACING: [string, readonly string[]][] = [
  ['without tracing', []],
  ['with the HTTP instrumentation', TRACED],
];

const FORM = 'multipart/form-data; boundary=line';
const FORM_BODY = [
  '--line\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n',
  '--line\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\n',
  'Content-Type: text/plain\r\n\r\nsome text\r\n',
  '--line--\r\n',
].join('');
const JSON_BODY = '{"name":"Ada","items":[1,2,3]}';

const ANSWERED = ['closed', 'finished'];

/** What `late-bodies.cjs` reads: the content type, how many dimensions it sets, and the events that it sends. */
const KINDS: Record<string, { type: string; marks: number; events: readonly string[] }> = {
  events: { type: 'text/plain', marks: 3, events: ANSWERED },
  readable: { type: 'text/plain', marks: 2, events: ANSWERED },
  private: { type: 'text/plain', marks: 0, events: ANSWERED },
  pipeline: { type: 'text/plain', marks: 2, events: ANSWERED },
  iterator: { type: 'text/plain', marks: 2, events: ANSWERED },
  busboy: { type: FORM, marks: 3, events: ANSWERED },
  formidable: { type: FORM, marks: 2, events: ANSWERED },
  multer: { type: FORM, marks: 1, events: ANSWERED },
  'express-json': { type: 'application/json', marks: 1, events: ANSWERED },
  'express-end': { type: 'text/plain', marks: 1, events: ANSWERED },
  koa: { type: 'text/plain', marks: 2, events: ANSWERED },
  'fastify-json': { type: 'application/json', marks: 1, events: ANSWERED },
  'fastify-form': { type: FORM, marks: 2, events: ANSWERED },
  'nest-json': { type: 'application/json', marks: 1, events: ANSWERED },
  'nest-form': { type: FORM, marks: 1, events: ANSWERED },
  aborted: {
    type: 'text/plain',
    marks: 0,
    events: ['aborted', 'closed', 'error', 'request closed'],
  },
  get: { type: '', marks: 0, events: ANSWERED },
  slow: { type: '', marks: 0, events: ANSWERED },
};
const WITHOUT_BODY = ['get', 'slow'];
const POSTED = Object.keys(KINDS).filter((kind) => !WITHOUT_BODY.includes(kind));

const CONNECTIONS = 6;

/**
 * Sends so many requests of random kinds over kept-alive connections, with bodies that arrive after the handler has begun, and some
 * pipelined. Each request must make its page view and events, with its own ID in all of them.
 */
export async function checkLateBodies(
  count: number,
  random: () => number,
  { node, preloads }: { node?: string; preloads: readonly string[] },
): Promise<void> {
  const args = [...preloads, ...REGISTER, `${APPS}/late-bodies.cjs`];
  const { inspector, app } = await startTracked(args, {}, node === undefined ? {} : { node });
  const client = createClient(app.url, random);
  const sent: string[] = [];
  const newPath = (kind: string) => {
    const path = `/${kind}/r${sent.length}`; // not "0", which Matomo ignores
    sent.push(path);
    return path;
  };
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (sent.length < count) {
        if (random() < 0.15) await client.pipeline(['slow', 'get', 'slow', 'get'].map(newPath));
        else if (random() < 0.1) await client.get(newPath('get'));
        else await client.post(newPath(POSTED[Math.floor(random() * POSTED.length)] ?? ''));
      }
    }),
  );
  client.close();
  await app.stop();
  expect(sorted(inspector.hits().map(describeHit))).toEqual(sorted(sent.flatMap(describeSent)));
  expect(app.stderr()).not.toContain('opentelemetry-matomo:');
}

function describeSent(path: string): string[] {
  const [, kind = '', id] = path.split('/');
  const { marks = 0, events = [] } = KINDS[kind] ?? {};
  const page = `${path} marked ${Array(marks).fill(id).join()}`;
  return [
    ...(kind === 'private' ? [] : [page]),
    ...events.map((action) => `${path} ${action} ${id}`),
  ];
}

function describeHit({ params }: InspectedHit): string {
  const path = new URL(params.url ?? 'http://none').pathname;
  if (params.e_a !== undefined) return `${path} ${params.e_a} ${params.e_n}`;
  const marks = [params.dimension1, params.dimension2, params.dimension3];
  return `${path} marked ${marks.filter((mark) => mark !== undefined).join()}`;
}

function createClient(url: string, random: () => number) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const others = new Agent({ keepAlive: true });
  const { port } = new URL(url);

  async function answerTo(sent: ClientRequest): Promise<void> {
    const [response] = await once(sent, 'response');
    await text(response);
    expect(response.statusCode).toBeLessThan(300);
  }

  function get(path: string, by = agent): Promise<void> {
    return answerTo(request(url + path, { agent: by }).end());
  }

  async function post(path: string): Promise<void> {
    const [, kind = '', id] = path.split('/');
    const { type = '' } = KINDS[kind] ?? {};
    const body = type === FORM ? FORM_BODY : JSON_BODY;
    const length = random() < 0.5 ? { 'content-length': String(body.length) } : {};
    const sent = request(url + path, {
      method: 'POST',
      agent,
      headers: { 'content-type': type, ...length },
    });
    const isAborted = kind === 'aborted';
    const ended = isAborted ? once(sent, 'error') : answerTo(sent);
    sent.flushHeaders();
    await get(`/begun/${id}`, others);
    const cut = Math.floor(random() * (body.length - 1));
    sent.write(body.slice(0, cut + 1));
    await new Promise(setImmediate);
    if (isAborted) sent.destroy(new Error('left'));
    else sent.end(body.slice(cut + 1));
    await ended;
  }

  /** All in one packet; the last one ends the connection. */
  async function pipeline(paths: readonly string[]): Promise<void> {
    const socket = connect(Number(port), '127.0.0.1');
    const lines = paths.map((path, i) => {
      const end = i === paths.length - 1 ? 'Connection: close\r\n' : '';
      return `GET ${path} HTTP/1.1\r\nHost: shop.example\r\n${end}\r\n`;
    });
    socket.write(lines.join(''));
    const answers = await text(socket);
    expect(answers.match(/HTTP\/1\.1 200 /g)).toHaveLength(paths.length);
  }

  return {
    get,
    post,
    pipeline,
    close() {
      agent.destroy();
      others.destroy();
    },
  };
}
