import http, { createServer } from 'node:http';
import net from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openPoster } from '../../contracts/doors/post.js';
import { listen } from '../../support/listen.js';

const BULK = '{"requests":[]}';

describe('what replaces parts of Node.js after the package is loaded', () => {
  /** A Matomo, and the headers that it has got. */
  async function start() {
    const headers: http.IncomingHttpHeaders[] = [];
    const server = createServer((request, response) => {
      headers.push(request.headers);
      request.resume().on('end', () => response.end('{}'));
    });
    return { headers, poster: openPoster(await listen(server)) };
  }

  test.each<[string, object, string]>([
    ['http.request', http, 'request'],
    ['http.Agent', http, 'Agent'],
    ['http.ClientRequest', http, 'ClientRequest'],
    ['http.globalAgent', http.globalAgent, 'createConnection'],
    ['net.connect', net, 'connect'],
  ])('a replaced %s sees no bulk', async (_name, object, key) => {
    const { headers, poster } = await start();
    const spy = vi.spyOn(object as Record<string, () => void>, key);
    onTestFinished(() => spy.mockRestore());
    expect((await poster.post(BULK)).kind).toBe('answer');
    expect(spy).not.toHaveBeenCalled();
    expect(headers).toHaveLength(1);
  });
});
