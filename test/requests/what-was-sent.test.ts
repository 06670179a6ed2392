import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { type Handler, type Service, startBoth, TRACKED } from '../support/both-services.js';
import { sendRaw } from '../support/raw-request.js';

const SENT = {
  'user-agent': 'Firefox of the client',
  'accept-language': 'de',
  referer: 'https://search.example/',
};

async function send(
  { port, url }: Service,
  http: 1 | 2,
  method: string,
  headers: Record<string, string> = SENT,
): Promise<void> {
  if (http === 1) {
    const lines = Object.entries({ Host: 'shop.example', ...headers, Expect: '100-continue' });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    await sendRaw({ port }, `${method} /r HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);
    return;
  }
  const session = connectHttp2(url);
  onTestFinished(() => session.destroy());
  const target = { ':method': method, ':path': '/r', ':authority': 'shop.example' };
  const stream = session.request({ ...target, ...headers }, { endStream: true });
  await text(stream);
  if (!stream.closed) await once(stream, 'close');
}

type Changes = [string, (request: Writable, response: ServerResponse) => void];
type Writable = { -readonly [key in keyof IncomingMessage]: IncomingMessage[key] };

const CHANGES: Changes[] = [
  [
    'deletes the host and the user agent',
    ({ headers }) => {
      for (const name of ['host', ':authority', 'user-agent']) delete headers[name];
    },
  ],
  [
    'sets the host and the user agent',
    ({ headers }) => {
      Object.assign(headers, { host: 'backend', ':authority': 'backend', 'user-agent': 'proxy' });
    },
  ],
  [
    'replaces the names',
    (request) => {
      const renamed: Record<string, unknown> = {};
      for (const [name, value] of Object.entries(request.headers))
        renamed[name.replace(/^./, (letter) => letter.toUpperCase())] = value;
      replace(request, 'headers', renamed);
    },
  ],
  ['replaces the raw headers', (request) => replace(request, 'rawHeaders', [])],
  [
    'sets another method',
    (request) => {
      request.method = 'DELETE';
    },
  ],
  [
    'sets another URL',
    (request) => {
      request.url = '/rewritten?token=1';
    },
  ],
  [
    'sets another status after the headers',
    (_request, response) => {
      response.once('finish', () => replace(response, 'statusCode', 500));
    },
  ],
];

function replace(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

for (const http of [1, 2] as const) {
  for (const tracked of TRACKED) {
    test.each(CHANGES)(
      `HTTP/${http} ${tracked}: what the client sent counts if the application %s`,
      async (_what, change) => {
        const handle: Handler = (request, response) => {
          change(request, response);
          response.writeHead(203).end();
        };
        const service = await startBoth(tracked, handle, { http });
        await send(service, http, 'HEAD');
        const [hit, ...others] = await service.hitsOf(1);
        expect(others).toEqual([]);
        expect(hit?.params).toMatchObject({
          action_name: 'HEAD /r',
          url: 'https://shop.example/r',
          ua: SENT['user-agent'],
          lang: 'de',
          urlref: SENT.referer,
        });
        expect(hit?.stored?.custom_var_v1).toBe('203');
      },
    );

    test(`HTTP/${http} ${tracked}: a probe of Kubernetes is recognized if the application deletes its user agent`, async () => {
      const handle: Handler = ({ headers }, response) => {
        delete headers['user-agent'];
        response.end();
      };
      const service = await startBoth(tracked, handle, { http });
      await send(service, http, 'GET', { 'user-agent': 'kube-probe/1.30' });
      expect(await service.hitsOf(1)).toEqual([]);
      expect(service.ignored()).toEqual({ user_agent: 1 });
    });

    test.each(['referer', 'accept-language'])(
      `HTTP/${http} ${tracked}: %s is not sent if the application has deleted it`,
      async (name) => {
        const handle: Handler = ({ headers }, response) => {
          delete headers[name];
          response.end();
        };
        const service = await startBoth(tracked, handle, { http });
        const secret = 'of-the-client';
        await send(service, http, 'GET', { ...SENT, [name]: secret });
        const [hit] = await service.hitsOf(1);
        expect(JSON.stringify(hit?.params)).not.toContain(secret);
      },
    );

    test(`HTTP/${http} ${tracked}: a callback gets what the application has set`, async () => {
      const seen: unknown[] = [];
      const handle: Handler = (request, response) => {
        Object.assign(request.headers, { 'x-plan': 'pro', 'accept-language': 'fr' });
        response.end();
      };
      const options = {
        dimensions: {
          1: (request: { header(name: string): string | undefined }) => {
            seen.push(request.header('X-Plan'), request.header('accept-language'));
            return undefined;
          },
        },
      };
      const service = await startBoth(tracked, handle, { http, options: options as never });
      await send(service, http, 'GET');
      await service.hitsOf(1);
      expect(seen).toEqual(['pro', 'fr']);
    });
  }
}
