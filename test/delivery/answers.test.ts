import { expect, test, vi } from 'vitest';
import { nameOf } from '../../src/delivery/answer/name-of.js';
import type { Hit, HitKind } from '../../src/hit/hit.js';
import { pending, sentNames, setUp, sumOfCounters, useFakeTime } from '../support/delivery.js';
import { answer, processed } from '../support/scripted-transport.js';

useFakeTime();

const MINUTE_MILLIS = 60_000;
const DEBUG_OUTPUT = 'DEBUG: Current datetime: 2026-11-20 12:00:00\n';
const DEPRECATED = '<br />\n<b>Deprecated</b>: x in <b>y</b> on line <b>3</b><br />';
const withTextAfter = (sent: number) =>
  answer(200, `{"status":"success","tracked":${sent},"invalid":0}${DEPRECATED}`);

const linesWith = (logged: readonly string[], code: string) =>
  logged.filter((line) => line.endsWith(`[${code}]`));

/** A hit with these tracking parameters. */
function hitOf(parameters: Readonly<Record<string, string>>): Hit {
  return pending({ query: `?${new URLSearchParams({ idsite: '1', rec: '1', ...parameters })}` });
}

test.each([
  ['debug output', 'tracker-debug', DEBUG_OUTPUT],
  ['messages of PHP', 'php-output', DEPRECATED],
])(
  'hits that Matomo answers with %s are sent once, also with resendUnconfirmed',
  async (_name, code, body) => {
    for (const resendUnconfirmed of [false, true]) {
      for (const first of [answer(200, body, 'text/plain'), processed]) {
        const { delivery, transport, logged } = setUp({ resendUnconfirmed, maxExportBatchSize: 5 });
        transport.answer(first, answer(200, body, 'text/plain'));
        for (let i = 0; i < 10; i++) delivery.push(pending());
        await vi.advanceTimersByTimeAsync(10 * MINUTE_MILLIS);
        expect(sentNames(transport).flat()).toHaveLength(10);
        expect(new Set(sentNames(transport).flat()).size).toBe(10);
        expect(delivery).toMatchObject({ pending: 0, resent: 0 });
        const unconfirmed = first === processed ? 5 : 10;
        expect(delivery.counters.lost.unconfirmed).toBe(unconfirmed);
        expect(linesWith(logged, code)).toHaveLength(1);
        expect(linesWith(logged, 'not-matomo')).toEqual([]);
      }
    }
  },
);

test('1,500 hits in 15 s reach a Matomo whose counters have text after them', async () => {
  for (const resendUnconfirmed of [false, true]) {
    const { delivery, transport, logged } = setUp({ maxQueueSize: 1000, resendUnconfirmed });
    transport.answer(withTextAfter);
    for (let i = 0; i < 150; i++) {
      for (let j = 0; j < 10; j++) delivery.push(pending());
      await vi.advanceTimersByTimeAsync(100);
    }
    await vi.advanceTimersByTimeAsync(MINUTE_MILLIS);
    expect(delivery.counters.tracked).toBe(1500);
    expect(sumOfCounters(delivery.counters)).toBe(1500);
    expect(delivery.resent).toBe(0);
    expect(logged).toEqual([]);
  }
});

test.each([
  ['a gif', answer(200, 'GIF89a', 'image/gif')],
  ['nothing', answer(200, '')],
  ['204', answer(204)],
])('one line says that a Matomo that answers with %s confirms nothing', async (_name, nothing) => {
  const { delivery, transport, logged } = setUp({ maxExportBatchSize: 1 });
  transport.answer(nothing);
  for (let i = 0; i < 5; i++) delivery.push(pending());
  await vi.advanceTimersByTimeAsync(10 * MINUTE_MILLIS);
  expect(sentNames(transport)).toHaveLength(5);
  expect(delivery.counters.accepted).toBe(5);
  expect(logged).toEqual([expect.stringMatching(/QueuedTracking.*\[nothing-confirmed\]$/)]);
});

test('no line says that nothing is confirmed after Matomo has confirmed a hit', async () => {
  const { delivery, transport, logged } = setUp({ maxExportBatchSize: 1 });
  transport.answer(processed, answer(204));
  for (let i = 0; i < 3; i++) delivery.push(pending());
  await vi.advanceTimersByTimeAsync(MINUTE_MILLIS);
  expect(delivery.counters).toMatchObject({ tracked: 1, accepted: 2 });
  expect(logged).toEqual([]);
});

test('of a bulk that another server answers, one hit is tried at a time until Matomo answers', async () => {
  const { delivery, transport } = setUp({ maxExportBatchSize: 10 });
  const elsewhere = answer(200, { ok: true });
  transport.answer(elsewhere, elsewhere, elsewhere, elsewhere, processed);
  for (let i = 0; i < 10; i++) delivery.push(pending());
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MILLIS);
  expect(sentNames(transport).map((names) => names.length)).toEqual([10, 1, 1, 1, 1, 9]);
  expect(delivery.counters.tracked).toBe(10);
});

test('a server that answers with nothing ends an outage', async () => {
  const { delivery, transport, logged } = setUp();
  transport.answer(answer(503), answer(204));
  delivery.push(pending());
  await vi.advanceTimersByTimeAsync(10 * MINUTE_MILLIS);
  expect(delivery.counters.accepted).toBe(1);
  expect(linesWith(logged, 'available-again')).toHaveLength(1);
});

const invalidAt = (sent: number, ...indices: number[]) =>
  answer(200, {
    status: 'success',
    tracked: sent - indices.length,
    invalid: indices.length,
    invalid_indices: indices,
  });

test('the line about invalid hits names those that Matomo names', async () => {
  const { delivery, transport, logged } = setUp({ maxExportBatchSize: 4 });
  transport.answer((sent) => invalidAt(sent, 0, 1, 3));
  const url = 'https://shop.test/jane';
  delivery.push(hitOf({ url, idgoal: '77' }));
  delivery.push(hitOf({ url, idgoal: '0', ec_id: 'O-125', revenue: '9.99' }));
  delivery.push(hitOf({ url, e_c: 'kept', e_a: 'kept' }));
  delivery.push(hitOf({ url, action_name: 'GET /:name' }));
  await vi.advanceTimersByTimeAsync(MINUTE_MILLIS);
  expect(delivery.counters).toMatchObject({ tracked: 1, invalid: 3 });
  const [line = ''] = linesWith(logged, 'hits-invalid');
  expect(line).toContain('3 hits, counted as invalid: goal 77, order O-125, page view. ');
});

test('the line about invalid hits has five names at most, and how many hits there are besides', async () => {
  const { delivery, transport, logged } = setUp({ maxExportBatchSize: 10 });
  transport.answer((sent) => processed(sent, sent));
  for (let i = 0; i < 10; i++) delivery.push(hitOf({ idgoal: String(i < 3 ? 1 : i) }));
  await vi.advanceTimersByTimeAsync(MINUTE_MILLIS);
  const [line = ''] = linesWith(logged, 'hits-invalid');
  expect(line).toContain(': goal 1 (3), goal 3, goal 4, goal 5, goal 6 and 3 more. ');
});

test('the line about invalid hits has no names if Matomo names none', async () => {
  const { delivery, transport, logged } = setUp({ maxExportBatchSize: 3 });
  transport.answer((sent) => processed(sent, 1));
  for (let i = 0; i < 3; i++) delivery.push(hitOf({ idgoal: '1' }));
  await vi.advanceTimersByTimeAsync(MINUTE_MILLIS);
  expect(linesWith(logged, 'hits-invalid')[0]).toContain('1 hit, counted as invalid. ');
});

test.each<[query: string, name: string, kind?: HitKind]>([
  ['?idsite=1&idgoal=7&url=https%3A%2F%2Fx.test', 'goal 7'],
  ['?idgoal=0&ec_id=O-125', 'order O-125'],
  ['?idgoal=0&ec_id=a%20%22b%0A', 'order "a \\"b\\n"'],
  ['?idgoal=0&revenue=3', 'cart'],
  ['?idgoal=a%20b', 'goal "a b"'],
  ['?e_c=Cart&e_a=add%0A&e_n=jane', 'event "Cart/add\\n"'],
  [`?e_c=${'x'.repeat(500)}&e_a=y`, `event "${'x'.repeat(99)}…`],
  ['?search=jane', 'site search'],
  ['?download=https%3A%2F%2Fx.test%2Fjane.pdf', 'download'],
  ['?link=https%3A%2F%2Fx.test%2Fjane', 'outlink'],
  ['?url=https%3A%2F%2Fx.test%2Fjane&action_name=jane', 'page view'],
  ['?url=%E0%A4%A', 'page view'],
  ['', 'request by an AI chatbot', 'chatbot'],
])('%s is named %s', (query, name, kind = 'page') => {
  expect(nameOf({ query, kind })).toBe(name);
});
