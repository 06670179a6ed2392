import { expect, test } from 'vitest';
import { REGISTER, titles } from '../support/registered-app.js';
import { runScript } from '../support/script.js';
import { sorted } from '../support/sorted.js';

test.each([
  ['alone says that Matomo gets only these', [], ['GET /sampled'], 1],
  ['beside register tracks all, and says nothing', REGISTER, ['GET /dropped', 'GET /sampled'], 0],
])(
  'a processor that Sentry calls for sampled requests, %s',
  async (_, flags, tracked, warnings) => {
    // As Sentry with a sample rate: the processor is in its setup, and gets a span for one of two requests.
    const { inspector, stderr } = await runScript(
      `const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');
      const provider = new BasicTracerProvider({ spanProcessors: [new MatomoSpanProcessor()] });
      require('@opentelemetry/api').trace.setGlobalTracerProvider(provider);
      const { server, url } = await serve(({ method, url: path }, response) => {
        if (path === '/sampled') {
          const attributes = { 'http.request.method': method, 'url.path': path, 'sentry.sample_rate': 0.5 };
          const span = provider.getTracer('sentry').startSpan(method, { kind: 1, attributes });
          response.once('close', () => span.end());
        }
        response.end('ok');
      });
      for (const path of ['/sampled', '/dropped']) await get(url + path);
      server.close(() => setImmediate(() => provider.shutdown().then(() => report(null))));`,
      { flags },
    );
    expect(sorted(titles(inspector))).toEqual(tracked);
    expect(stderr.split('[only-sampled]')).toHaveLength(warnings + 1);
  },
);
