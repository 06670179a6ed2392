import { expect, test } from 'vitest';
import { trackSpans, type Way } from '../doors/spans.js';
import { request } from './request-span.js';
import { type Row, track } from './row.js';

const from = (address: string, count: number, isForwarded = true) =>
  Array.from({ length: count }, (_each, i) =>
    request(`${address} ${i}`, {
      attributes: {
        'url.path': '/a',
        'network.peer.address': address,
        ...(isForwarded && { 'http.request.header.x-forwarded-for': ['203.0.113.9'] }),
      },
    }),
  );
const hits = (count: number) => Array<string>(count).fill('GET /a 200');

const option = (name: string, options: Row['options'], more: Partial<Row> = {}): Row => ({
  name,
  spans: [request('a')],
  options: options ?? {},
  hits: ['GET /a 200'],
  ...more,
});

track([
  option(
    'neither page views nor chatbots',
    { pageViews: false, aiChatbots: 'off' },
    { hits: [], ignored: { page_views: 1 } },
  ),
  option(
    'strict privacy, and an option that wins over it',
    { privacy: 'strict', doNotTrack: false },
    { codes: ['privacy-not-strict', 'visitor-key-not-shared'] },
  ),
  option('a line of counts at the end', { statsIntervalMillis: 3_600_000 }, { codes: ['stats'] }),
  option(
    'doNotTrack, and headers that nothing captures',
    { doNotTrack: true },
    { hits: [], ignored: { do_not_track: 1 }, codes: ['headers-not-captured'] },
  ),
  {
    name: 'twenty requests of a proxy with a private address, and trustProxy is not set',
    spans: [...from('10.0.0.5', 10), ...from('::1', 10)],
    hits: hits(20),
    codes: ['proxy-not-trusted'],
  },
  {
    name: 'the same with trustProxy',
    spans: from('10.0.0.5', 20),
    options: { trustProxy: 1 },
    hits: hits(20),
  },
  {
    name: 'a proxy with a public address: clients can send the header, too',
    spans: from('192.0.2.5', 20),
    hits: hits(20),
  },
  {
    name: 'ten requests of a proxy, and ten of a machine in the same network',
    spans: [...from('10.0.0.5', 10), ...from('10.0.0.6', 10, false)],
    hits: hits(20),
  },
]);

test.each<Way>(['exporter', 'gateway', 'processor'])(
  'a dry run sends nothing, and counts what it prints as accepted (%s)',
  async (way) => {
    const { hits, stats, metrics, codes } = await trackSpans(way, [[request('a'), request('b')]], {
      dryRun: true,
    });
    expect(hits).toEqual([]);
    expect(stats).toMatchObject({ hits: 2, accepted: 2, tracked: 0, pending: 0 });
    expect(metrics).toMatchObject({ 'matomo.hits accepted': 2, 'matomo.hits tracked': 0 });
    const printed = codes.filter((line) => /action_name=GET \/[ab]&/.test(line));
    expect(printed).toHaveLength(2);
  },
);

test.each<Way>(['exporter', 'processor'])('a %s that is off tracks nothing', async (way) => {
  const { hits, stats, codes } = await trackSpans(way, [[request('a')]], { enabled: false });
  expect(hits).toEqual([]);
  expect(stats).toMatchObject({ hits: 0, pending: 0 });
  expect(codes).toEqual([]);
});
