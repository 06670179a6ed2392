import { expect, test } from 'vitest';
import { formatHits, type InspectedHit } from '../../src/inspector/index.js';

const TIME = Date.UTC(2026, 10, 20, 7, 5) / 1000;
const CONVERSION = { idsite: 1, server_time: TIME };
const CHATBOT = { verdict: 'ai_chatbot', stored: null } as const;

function inspectedHit(overrides: Partial<InspectedHit>): InspectedHit {
  return {
    received: Date.UTC(2026, 10, 20, 7, 6, 40),
    params: { idsite: '1', cid: '0123456789abcdef' },
    verdict: 'tracked',
    stored: { type: 'page', idsite: 1, server_time: TIME },
    ...overrides,
  };
}

function storedAs(stored: Partial<InspectedHit['stored']>, more: Partial<InspectedHit> = {}) {
  const all = { type: 'page', idsite: 1, server_time: TIME, ...stored } as const;
  return inspectedHit({ stored: all, ...more });
}

test('renders a line for each hit: what was done, or why nothing was', () => {
  const timings = { time_server: 7, time_dom_processing: 4, time_on_load: 1 };
  const reason = 'ca: needs CrashAnalytics';
  const url = 'https://a.test/f.pdf';
  const aiRequest = { site: 1, time: TIME, name: 'ChatGPT-User', kind: 'page' } as const;
  const document = { kind: 'document', url, statusCode: 200, bytes: 5_000, millis: 12 } as const;
  const order = { kind: 'order', idgoal: 0, idorder: 'A-1', items: 2, revenue: 20 } as const;
  const hits = [
    storedAs({ title: 'GET /users/:id', url, ...timings }, { status: 404 }),
    inspectedHit({ params: {}, verdict: 'refused', reason, stored: null }),
    storedAs({ type: 'search', search: 'shoes' }),
    storedAs({ type: 'event', event_category: 'c', event_action: 'a', url }),
    storedAs({ type: 'download', url }),
    storedAs({ type: 'none' }),
    inspectedHit({ ...CHATBOT, status: 200, aiRequest: { ...aiRequest, ...document } }),
    inspectedHit({ ...CHATBOT, aiRequest: { ...aiRequest, time: 0 } }),
    inspectedHit({ stored: null, conversion: { ...CONVERSION, ...order } }),
    inspectedHit({ stored: null, conversion: { ...CONVERSION, kind: 'goal', idgoal: 3 } }),
  ];
  expect(formatHits(hits).split('\n')).toEqual([
    'time      site  verdict     type      action                             status  load time  visitor',
    '07:05:00  1     tracked     page      GET /users/:id                     404     12 ms      0123456789abcdef',
    '07:06:40  -     refused     -         ca: needs CrashAnalytics           -       -          -',
    '07:05:00  1     tracked     search    shoes                              -       -          0123456789abcdef',
    '07:05:00  1     tracked     event     c / a                              -       -          0123456789abcdef',
    '07:05:00  1     tracked     download  https://a.test/f.pdf               -       -          0123456789abcdef',
    '07:05:00  1     tracked     none      -                                  -       -          0123456789abcdef',
    '07:05:00  1     ai_chatbot  document  https://a.test/f.pdf (5000 bytes)  200     12 ms      ChatGPT-User',
    '00:00:00  1     ai_chatbot  page      no url                             -       -          ChatGPT-User',
    '07:06:40  1     tracked     order     A-1, 2 items, revenue 20           -       -          0123456789abcdef',
    '07:06:40  1     tracked     goal      goal 3                             -       -          0123456789abcdef',
    '',
  ]);
});

test('cuts long texts and lets no control character reach the terminal', () => {
  const params = { idsite: '1'.repeat(2_000_000), uid: 'u'.repeat(2_000_000) };
  const hit = storedAs({ title: `\x1b[2J\u202e${'x'.repeat(200)}` }, { params });
  const line = formatHits([hit]).split('\n')[1] ?? '';
  expect(line).toContain(`?[2J?${'x'.repeat(54)}…`);
  expect(line).not.toContain('\x1b');
  expect(line.length).toBeLessThan(250);
});
