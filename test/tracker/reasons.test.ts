import type { Attributes } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { trackEvent } from '../../src/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { IGNORE_REASONS, type IgnoreReason } from '../../src/tracker/reasons.js';
import type { MatomoStats } from '../../src/tracker/stats.js';
import { capturedHeaders, finishedSpan, serverSpan } from '../support/builders.js';
import { CHATGPT } from '../support/chatbots.js';
import { eventually } from '../support/child-process.js';
import { startExporter } from '../support/senders.js';
import { startTracedService } from '../support/traced-service.js';

const PATIENT = { scheduledDelayMillis: 60_000 };

const ATTRIBUTES = {
  'http.request.method': 'GET',
  'http.response.status_code': 206,
  'url.path': '/a',
  'user_agent.original': 'curl/8',
  'network.peer.address': '192.0.2.1',
  ...capturedHeaders({ dnt: '1', range: 'bytes=5-', 'sec-purpose': 'prefetch' }),
};

const OPTIONS: MatomoOptions = {
  capturedHeaders: ['dnt', 'sec-gpc', 'cookie', 'range', 'sec-purpose'],
  prefetches: 'track',
};

interface Cause {
  readonly options?: MatomoOptions;
  readonly attributes?: Attributes;
}

/** What makes a request be ignored: options, or what it is. */
const CAUSES: Readonly<Record<IgnoreReason, Cause>> = {
  attribute: { attributes: { 'matomo.ignore': true } },
  path: { options: { ignorePaths: ['/a', '/a.js', '/a.pdf'] } },
  method: { options: { ignoredMethods: ['GET'] } },
  user_agent: { options: { ignoreUserAgents: [/./] } },
  pattern: { options: { ignorePatterns: [/a/] } },
  address: { options: { ignoreAddresses: ['192.0.2.1'] } },
  do_not_track: { options: { doNotTrack: true } },
  no_consent: { options: { consent: 'cookie:consent=yes' } },
  predicate: { options: { ignore: () => true } },
  site: { options: { siteId: () => undefined } },
  ai_chatbot: { attributes: { 'http.request.method': 'GET', 'user_agent.original': CHATGPT } },
  mcp: { attributes: { 'http.request.method': 'POST', 'mcp.method.name': 'tools/list' } },
  polling: { attributes: { 'url.query': 'EIO=4&transport=polling&sid=1' } },
  prefetch: { options: { prefetches: 'ignore' } },
  static: { attributes: { 'url.path': '/a.js' } },
  partial: { options: { downloads: 'documents' }, attributes: { 'url.path': '/a.pdf' } },
  page_views: { options: { pageViews: false } },
  sampled: { options: { sampleRate: 1e-9 } },
};

const countedReasons = ({ ignored }: MatomoStats) =>
  Object.entries(ignored).filter(([, count]) => count > 0);

test.each(IGNORE_REASONS.map((reason, i) => [reason, IGNORE_REASONS.slice(i)] as const))(
  'a request that is ignored for %s and all later reasons counts under the first',
  async (reason, reasons) => {
    const causes = reasons.map((each) => CAUSES[each]).reverse();
    const attributes = Object.assign({}, ATTRIBUTES, ...causes.map((each) => each.attributes));
    const options = Object.assign({}, OPTIONS, ...causes.map((each) => each.options));
    const { exporter } = await startExporter(options);
    exporter.export([finishedSpan({ attributes })], () => undefined);
    expect(countedReasons(exporter.stats())).toEqual([[reason, 1]]);
  },
);

test('visitors are in the sample or not as a whole, although no visitor ID is sent', async () => {
  const options = { ...PATIENT, sampleRate: 0.5, visitorId: 'none' } as const;
  const { exporter, inspector } = await startExporter(options);
  const clients = Array.from({ length: 40 }, (_, i) => `client${i}/1`);
  const spans = ['/a', '/b'].flatMap((path) =>
    clients.map((client) => serverSpan(path, { 'user_agent.original': client })),
  );
  exporter.export(spans, () => undefined);
  await exporter.forceFlush();
  const sent = inspector.hits().map(({ params }) => params);
  expect(sent.filter(({ cid }) => cid !== undefined)).toEqual([]);
  const pathsOf = (client: string) => sent.filter(({ ua }) => ua === client).length;
  expect(new Set(clients.map(pathsOf))).toEqual(new Set([0, 2]));
  expect(exporter.stats().ignored.sampled).toBe(spans.length - sent.length);
});

/** What is sent of an event while the response of its request is open. */
async function sendEventOfOpenRequest(
  options: MatomoOptions,
  target: string,
  headers: Record<string, string> = {},
): Promise<Record<string, string>[]> {
  let end: (() => void) | undefined;
  const service = await startTracedService(
    (_request, response) => {
      response.write('open');
      trackEvent('at', 'open');
      end = () => response.end();
    },
    { ...PATIENT, ...options },
  );
  const answer = service.fetch(target, { headers });
  await eventually(() => end);
  await service.processor.forceFlush();
  const sent = service.inspector.hits().map(({ params }) => params);
  end?.();
  await answer;
  return sent;
}

test('an event of an open request by an AI chatbot is sent whatever the sample, with the URL of the request', async () => {
  const headers = { 'user-agent': CHATGPT };
  const sent = await sendEventOfOpenRequest({ sampleRate: 1e-9 }, '/a.pdf?x=1', headers);
  expect(sent).toMatchObject([{ e_a: 'open', url: expect.stringMatching(/\/a\.pdf\?x=1$/) }]);
});

test('no event of an open request is sent if ignore fails, whatever else ignores its page view', async () => {
  const ignore = () => {
    throw new Error('from ignore');
  };
  expect(await sendEventOfOpenRequest({ ignorePaths: ['/a'] }, '/a')).toHaveLength(1);
  expect(await sendEventOfOpenRequest({ ignorePaths: ['/a'], ignore }, '/a')).toEqual([]);
});
