import { expect, test } from 'vitest';
import { runNode } from '../support/child-process.js';
import { matomo, REGISTER, titles } from '../support/registered-app.js';

/** As Sentry with a sample rate: the processor is in its setup, and gets a span for one of two requests. */
const SENTRY = `
const { createServer } = require('node:http');
const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');
const { MatomoSpanProcessor } = require('opentelemetry-matomo');
const processor = new MatomoSpanProcessor();
const provider = new BasicTracerProvider({ spanProcessors: [processor] });
require('@opentelemetry/api').trace.setGlobalTracerProvider(provider);
const server = createServer(({ method, url }, response) => {
  if (url === '/sampled') {
    const attributes = { 'http.request.method': method, 'url.path': url, 'sentry.sample_rate': 0.5 };
    const span = provider.getTracer('sentry').startSpan(method, { kind: 1, attributes });
    response.once('close', () => span.end());
  }
  response.end('ok');
});
server.listen(0, '127.0.0.1', async () => {
  const headers = { connection: 'close' };
  for (const path of ['/sampled', '/dropped']) {
    await (await fetch('http://127.0.0.1:' + server.address().port + path, { headers })).text();
  }
  server.close(() => setImmediate(() => void processor.shutdown()));
});
`;

test.each([
  ['alone says that Matomo gets only these', [], ['GET /sampled'], 1],
  ['beside register tracks all, and says nothing', REGISTER, ['GET /sampled', 'GET /dropped'], 0],
])(
  'a processor that Sentry calls for sampled requests, %s',
  async (_, flags, tracked, warnings) => {
    const { inspector, env } = await matomo();
    const { stderr } = await runNode([...flags, '-e', SENTRY], { env });
    expect(new Set(titles(inspector))).toEqual(new Set(tracked));
    expect(inspector.hits()).toHaveLength(tracked.length);
    expect(stderr.split('[only-sampled]')).toHaveLength(warnings + 1);
  },
);
