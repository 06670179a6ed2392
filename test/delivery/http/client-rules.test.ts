import http from 'node:http';
import net from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openPoster } from '../../contracts/doors/post.js';
import { listen } from '../../support/listen.js';

// What is replaced before the package is loaded: client-hooks.test.ts.
test.each<[string, object, string]>([
  ['http.request', http, 'request'],
  ['http.Agent', http, 'Agent'],
  ['http.ClientRequest', http, 'ClientRequest'],
  ['http.globalAgent', http.globalAgent, 'createConnection'],
  ['net.connect', net, 'connect'],
])('%s that is replaced after the package is loaded sees no bulk', async (_name, object, key) => {
  const url = await listen((request, response) => {
    request.resume().on('end', () => response.end('{}'));
  });
  const spy = vi.spyOn(object as Record<string, () => void>, key);
  onTestFinished(() => spy.mockRestore());
  expect((await openPoster(url).post('{"requests":[]}')).kind).toBe('answer');
  expect(spy).not.toHaveBeenCalled();
});
