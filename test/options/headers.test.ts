import type { IncomingHttpHeaders } from 'node:http';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { createGateway } from '../../src/gateway/index.js';
import { MatomoSpanExporter, MatomoSpanProcessor } from '../../src/index.js';
import { headers } from '../../src/options/header-values.js';
import { serverSpan } from '../support/builders.js';
import { sendSpans } from '../support/gateway.js';
import { listen } from '../support/listen.js';
import { exportRequest, requestSpan } from '../support/otlp-spans.js';

/** A Matomo that tracks one hit, and remembers the headers of the last request. */
async function startMatomo() {
  const received: IncomingHttpHeaders[] = [];
  const url = await listen((request, response) => {
    received.push(request.headers);
    request.resume().on('end', () => response.end('{"status":"success","tracked":1,"invalid":0}'));
  });
  return { url, received };
}

test.each([
  ['Headers', new Headers({ 'X-Key': 'abc' })],
  ['a Map', new Map([['X-Key', 'abc']])],
  ['pairs', [['X-Key', 'abc']] as const],
])(
  '%s that are no object of headers are refused, and Object.fromEntries makes one of them',
  (_form, given) => {
    expect(() => headers('headers', given)).toThrow(/^(?!.*abc).*Object\.fromEntries/);
    expect(headers('headers', Object.fromEntries(given))).toEqual({ 'x-key': 'abc' });
  },
);

test('headers are sent by processor, exporter and gateway', async () => {
  const { url, received } = await startMatomo();
  const options = { url, siteId: 1, tokenAuth: 'a-token', headers: { 'X-Key': 'abc' } };
  const span = serverSpan();
  const processor = new MatomoSpanProcessor(options);
  processor.onStart(span as never, ROOT_CONTEXT);
  processor.onEnd(span);
  await processor.shutdown();
  const exporter = new MatomoSpanExporter(options);
  exporter.export([span], () => undefined);
  await exporter.shutdown();
  const gateway = await createGateway({ ...options, listen: '127.0.0.1:0', graceMillis: 0 });
  await sendSpans(gateway, exportRequest([requestSpan('/a')]));
  await gateway.close();
  expect(received.map((each) => each['x-key'])).toEqual(['abc', 'abc', 'abc']);
});
