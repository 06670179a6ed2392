import { expect, test } from 'vitest';
import { formatHits, type InspectedHit } from '../../src/inspector/index.js';

function inspectedHit(overrides: Partial<InspectedHit>): InspectedHit {
  return {
    received: Date.UTC(2026, 10, 20, 7, 6, 40),
    params: { idsite: '1', cid: '0123456789abcdef' },
    verdict: 'tracked',
    stored: { type: 'page', idsite: 1, server_time: Date.UTC(2026, 10, 20, 7, 5) / 1000 },
    ...overrides,
  };
}

test('renders a line for each hit', () => {
  const page = inspectedHit({
    stored: {
      type: 'page',
      idsite: 1,
      server_time: Date.UTC(2026, 10, 20, 7, 5) / 1000,
      title: 'GET /users/:id',
      url: 'https://a.test/users/1',
      time_server: 7,
      time_dom_processing: 4,
      time_on_load: 1,
    },
    status: 404,
  });
  const refused = inspectedHit({
    params: {},
    verdict: 'refused',
    reason: 'ca: needs CrashAnalytics',
    stored: null,
  });
  expect(formatHits([page, refused])).toBe(
    [
      'time      site  verdict  type  action                    status  load time  visitor',
      '07:05:00  1     tracked  page  GET /users/:id            404     12 ms      0123456789abcdef',
      '07:06:40  -     refused  -     ca: needs CrashAnalytics  -       -          -',
      '',
    ].join('\n'),
  );
});

test.each<[string, Partial<InspectedHit['stored'] & object>, string]>([
  ['a keyword', { type: 'search', search: 'shoes' }, 'shoes'],
  [
    'an event',
    { type: 'event', event_category: 'c', event_action: 'a', url: 'https://a.test/' },
    'c / a',
  ],
  ['a url', { type: 'download', url: 'https://a.test/f' }, 'https://a.test/f'],
  ['nothing', { type: 'none' }, '-'],
])('says what was done: %s', (_, stored, action) => {
  const hit = inspectedHit({ stored: { type: 'page', idsite: 1, server_time: 0, ...stored } });
  expect(formatHits([hit]).split('\n')[1]).toContain(`${stored.type}  ${action} `);
});

test('cuts long titles and lets no control character reach the terminal', () => {
  const stored = {
    type: 'page',
    idsite: 1,
    server_time: 0,
    title: `\x1b[2J\u202e${'x'.repeat(200)}`,
  } as const;
  const line = formatHits([inspectedHit({ stored })]).split('\n')[1] ?? '';
  expect(line).toContain(`?[2J?${'x'.repeat(54)}…`);
  expect(line).not.toContain('\x1b');
});

test('an ID of any length leaves the other lines as they are', () => {
  const long = inspectedHit({
    params: { idsite: '1'.repeat(2_000_000), uid: 'u'.repeat(2_000_000) },
  });
  const lines = formatHits([long, ...Array.from({ length: 1000 }, () => inspectedHit({}))]).split(
    '\n',
  );
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(250);
});

test('renders no hits as a heading', () => {
  expect(formatHits([])).toBe('time  site  verdict  type  action  status  load time  visitor\n');
});

test('a request by an AI chatbot has its kind, URL, size, status and time, and the chatbot', () => {
  const chatbot = inspectedHit({
    params: { idsite: '1', ua: 'ChatGPT-User/1.0', cid: '0123456789abcdef' },
    verdict: 'ai_chatbot',
    stored: null,
    status: 200,
    aiRequest: {
      site: 1,
      time: Date.UTC(2026, 10, 20, 7, 5) / 1000,
      name: 'ChatGPT-User',
      kind: 'document',
      url: 'https://a.test/f.pdf',
      statusCode: 200,
      bytes: 5_000_000,
      millis: 12,
      source: 'opentelemetry-matomo',
    },
  });
  const bare = inspectedHit({
    verdict: 'ai_chatbot',
    stored: null,
    aiRequest: { site: 1, time: 0, name: 'Claude-User', kind: 'page' },
  });
  expect(formatHits([chatbot, bare]).split('\n').slice(1, 3)).toEqual([
    '07:05:00  1     ai_chatbot  document  https://a.test/f.pdf (5000000 bytes)  200     12 ms      ChatGPT-User',
    '00:00:00  1     ai_chatbot  page      no url                                -       -          Claude-User',
  ]);
});
