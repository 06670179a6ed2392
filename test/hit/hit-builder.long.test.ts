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

/** Prints the bytes of the heap after 1,000 clients, each with a host, URL, address and user agent of its own, and after 100,000. */
const CLIENTS = `
  const { createPipeline } = await import('./build/tracker/pipeline.js');
  const { Request } = await import('./build/request/request.js');
  const diagnostics = { warn() {}, error() {}, print() {}, warnOnce() {}, lines: { add() {}, end() {} } };
  const options = { url: 'http://127.0.0.1:9', siteId: 1 };
  const pipeline = createPipeline(options, diagnostics, { component: 'test' });
  pipeline.countsAll = true;
  pipeline.delivery.put = () => true;
  const response = { statusCode: 200, headersSent: true, closed: true, getHeader: () => 'text/html' };
  function visit(i) {
    const headers = { host: 'h' + i + '.example', 'user-agent': 'scanner ' + i, referer: 'https://a.example/' + i };
    const socket = { remoteAddress: [10, i >> 16, (i >> 8) & 255, i & 255].join('.') };
    const incoming = { method: 'GET', headers, rawHeaders: [], httpVersion: '1.1', socket };
    pipeline.end(Request.ofNode(incoming, response, '/pages/of-' + i + '?item=' + i));
  }
  const bytes = [1000, 100_000].map((count) => {
    while (pipeline.stats().hits < count) visit(pipeline.stats().hits);
    gc();
    gc();
    return process.memoryUsage().heapUsed;
  });
  console.log(JSON.stringify(bytes));
  process.exit();
`;

test('of 100,000 clients, no more stays in memory than of 1,000', () => {
  const args = ['--expose-gc', '--input-type=module', '-e', CLIENTS];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  expect(stderr).toBe('');
  const [few = 0, many = 0] = JSON.parse(stdout);
  expect(many - few).toBeLessThan(2_000_000);
});
