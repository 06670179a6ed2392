import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { ROOT } from '../support/child-process.js';

/** Builds hits of requests, and looks for what they contained in a snapshot of the heap. Texts are put together at run time. */
const SCRIPT = `
  const { createHitBuilder } = await import('./build/hit/hit-builder.js');
  const { createDecide } = await import('./build/tracker/reasons.js');
  const { createOptionCallbacks } = await import('./build/tracker/callbacks.js');
  const { isInSample } = await import('./build/hit/visitor/visitor-id.js');
  const { createRequestReading, readRequest } = await import('./build/request/read-request.js');
  const { Request } = await import('./build/request/request.js');
  const { resolveOptions } = await import('./build/options/resolve-options.js');
  const { getHeapSnapshot } = await import('node:v8');
  const options = resolveOptions({ url: 'http://127.0.0.1:9', siteId: 1, doNotTrack: true }, {}, console);
  const builder = createHitBuilder({ ...options, hasToken: false, visitorKey: 'key' }, () => undefined);
  const buildWith = (builder, request) => builder.finalize(builder.buildPageView(request, 1, 2), 2);
  const build = (request) => buildWith(builder, request);
  const key = Buffer.alloc(32);
  const daily = [{ tokenAuth: 'a-token', privacy: 'strict' }, { visitorKey: 'daily' }].map((given) => {
    const resolved = resolveOptions({ url: 'http://127.0.0.1:9', siteId: 1, ...given }, {}, console);
    return createHitBuilder({ ...resolved, hasToken: true, sampleRate: 0.5, visitorKey: () => key }, () => undefined);
  });
  const callbacks = createOptionCallbacks(options, console);
  const decide = createDecide(options, console, callbacks);
  const text = (name, i) => ['kept', name, i * 1000 + 7].join('-');
  const address = (start, i) => [start, i + 200].join('.');
  const reading = createRequestReading(options, console);
  const request = (headers, more) => {
    const incoming = { headers: { host: 'a.example', ...headers } };
    const response = { headersSent: true, statusCode: 200, getHeader: () => undefined };
    return { ...readRequest(Request.ofNode(incoming, response, '/a'), reading), ...more };
  };
  function add(i) {
    const referer = 'https://ref.example/?a=1&token=' + text('referrer', i);
    build(request({ referer }, { query: 'a=1&token=' + text('query', i) + '&mail=1' }));
    build(request({ referer: 'https://ref.example/token=' + text('page', i) }));
    build(request({}, { path: '/token/' + text('segment', i) + '==' }));
    const http = request({ dnt: '1', 'user-agent': text('agent', i), 'accept-language': text('language', i) });
    decide(http, new Request());
    build(request({ 'user-agent': text('sent', i) }, { address: address('203.0.113', i) }));
    for (const builder of daily) {
      const ofDay = request({}, { address: address('198.51.100', i) });
      builder.isVisitorInSample(ofDay, 1);
      buildWith(builder, ofDay);
    }
    isInSample(text('name', i), 0.5);
  }
  for (const i of [1, 2, 3, 1, 2, 3]) add(i);
  build(request({}, { query: 'token=' + text('latest', 1) }));
  await null;
  /x/.test('x'); // V8 keeps the text of the latest match
  let snapshot = '';
  for await (const part of getHeapSnapshot()) snapshot += part;
  console.log(JSON.stringify([...new Set(snapshot.match(/kept-[a-z]+-[123]007|\\d+\\.\\d+\\.\\d+\\.20\\d/g))].sort()));
`;

test('no cache keeps a secret of a path, a query or a referrer, the user agent of a client that opted out, a name in a sample, or with daily keys an address', () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', SCRIPT], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual([
    ...['203.0.113.201', '203.0.113.202', '203.0.113.203'],
    ...['kept-sent-1007', 'kept-sent-2007', 'kept-sent-3007'],
  ]);
});
