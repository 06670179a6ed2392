import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { createBuildHit, HIT_OPTIONS, httpRequest } from '../support/builders.js';
import { ROOT } from '../support/child-process.js';
import { keptBytes, PARTS_BYTES } from '../support/kept-bytes.js';

test.for(['method', 'path', 'query', 'route', 'host', 'userAgent', 'referrer', 'address'] as const)(
  'no text is kept of which the %s of a request is a part',
  (name) => {
    for (const beforeSend of [undefined, (parameters: Record<string, string>) => parameters]) {
      const build = createBuildHit({ ...HIT_OPTIONS, beforeSend });
      // What comes twice is remembered.
      const kept = keptBytes((part) => {
        for (const _ of [1, 2]) build(httpRequest({ route: undefined, [name]: part }));
      });
      expect(kept).toBeLessThan(PARTS_BYTES / 4);
    }
  },
);

/** Begins a program that visits: each request has a host, URL, address and user agent of its own. */
const VISITS = `
  const { createPipeline } = await import('./build/tracker/pipeline.js');
  const { Request } = await import('./build/request/request.js');
  const diagnostics = { warn() {}, error() {}, print() {}, warnOnce() {}, lines: { add() {}, end() {} } };
  const options = { url: 'http://127.0.0.1:9', siteId: 1, ignorePaths: ['/ignored'] };
  const pipeline = createPipeline(options, diagnostics, { component: 'test' });
  pipeline.countsAll = true;
  pipeline.delivery.put = () => true;
  const response = { statusCode: 200, headersSent: true, closed: true, getHeader: () => 'text/html' };
  function visit(i, target = '/pages/of-' + i + '?item=' + i, agent = 'scanner ') {
    const headers = { host: 'h' + i + '.example', 'user-agent': agent + i, referer: 'https://a.example/' + i };
    const socket = { remoteAddress: [10, i >> 16, (i >> 8) & 255, i & 255].join('.') };
    const incoming = { method: 'GET', headers, rawHeaders: [], httpVersion: '1.1', socket };
    const request = Request.ofNode(incoming, response, target);
    pipeline.end(request);
    return request;
  }
  function usedBytes() {
    gc();
    gc();
    return process.memoryUsage().heapUsed;
  }
`;

/** Prints the bytes of the heap after 1,000 clients, and after 100,000. */
const CLIENTS = `
  const bytes = [1000, 100_000].map((count) => {
    while (pipeline.stats().hits < count) visit(pipeline.stats().hits);
    return usedBytes();
  });
  console.log(JSON.stringify(bytes));
  process.exit();
`;

/** Prints the bytes of the heap after 1,000 ignored requests with 10 kB each, which idle connections keep, and after 2,000. */
const IDLE = `
  const kept = [];
  const bytes = [1000, 2000].map((count) => {
    while (kept.length < count) kept.push(visit(kept.length, '/ignored', 'x'.padEnd(10_000, kept.length)));
    return usedBytes();
  });
  console.log(JSON.stringify([...bytes, kept.length]));
  process.exit();
`;

test.for([
  ['of 100,000 clients, no more stays in memory than of 1,000', CLIENTS, 2_000_000],
  ['an ignored request keeps no long text for later hits', IDLE, 5_000_000],
] as const)('%s', ([, program, maxBytes]) => {
  const args = ['--expose-gc', '--input-type=module', '-e', VISITS + program];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  expect(stderr).toBe('');
  const [few = 0, many = 0] = JSON.parse(stdout);
  expect(many - few).toBeLessThan(maxBytes);
});
