import { expect, test } from 'vitest';
import { runNode } from '../support/child-process.js';
import { startMatomo } from '../support/matomo.js';

/** What `jest --detectOpenHandles` reports: resources that have not been destroyed and do not say that nothing waits for them. */
const SCRIPT = `
import { createHook } from 'node:async_hooks';
const IGNORED = ['PROMISE', 'TIMERWRAP', 'ELDHISTOGRAM', 'PerformanceObserver', 'RANDOMBYTESREQUEST',
  'DNSCHANNEL', 'ZLIB', 'SIGNREQUEST', 'TLSWRAP', 'TCPWRAP', 'CustomGC'];
const { BasicTracerProvider } = await import('@opentelemetry/sdk-trace-base');
const { MatomoSpanProcessor } = await import('opentelemetry-matomo');
const handles = new Map();
void [process.stdout, process.stderr]; // handles of the process
let collects = true;
createHook({
  init(id, type, trigger, resource) {
    if (collects && !IGNORED.includes(type)) handles.set(id, { type, hasRef: 'hasRef' in resource, resource: new WeakRef(resource) });
  },
  destroy: (id) => handles.delete(id),
}).enable();
const processor = new MatomoSpanProcessor({ url: process.env.INSPECTOR, siteId: 1 });
const provider = new BasicTracerProvider({ spanProcessors: [processor] });
const attributes = { 'http.request.method': 'GET', 'url.path': '/' };
provider.getTracer('test').startSpan('GET', { kind: 1, attributes }).end();
await processor.forceFlush();
collects = false;
const active = () =>
  [...handles.values()].filter(({ hasRef, resource }) => !hasRef || resource.deref()?.hasRef());
for (let i = 0; i < 100 && active().length > 0; i++) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  gc();
}
console.log(JSON.stringify([processor.stats().tracked, ...active().map(({ type }) => type)]));
process.exit();
`;

test('a processor that has sent hits leaves no open handle for Jest to report', async () => {
  const { url: INSPECTOR } = await startMatomo();
  const args = ['--expose-gc', '--input-type=module', '--eval', SCRIPT];
  const { stdout, stderr } = await runNode(args, { env: { INSPECTOR } });
  expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: '[1]', stderr: '' });
});
