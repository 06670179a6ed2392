import { expect, test } from 'vitest';
import { backOffMillis, holdMillis } from '../../../src/delivery/answer/back-off.js';
import { Delivery } from '../../../src/delivery/delivery.js';
import type { DeliveryOptions } from '../../../src/delivery/delivery-options.js';
import { explainError } from '../../../src/delivery/http/explain-error.js';
import type { Exchange } from '../../../src/delivery/http/transport.js';
import type { Hit, PendingHit } from '../../../src/hit/hit.js';
import { DEFAULT_OPTIONS } from '../../support/default-options.js';
import { diagnosticsTo } from '../../support/diagnostics.js';
import {
  answer,
  DATABASE_DIED,
  noAnswer,
  notHttp,
  notSent,
  processed,
  scriptedTransport,
} from '../../support/scripted-transport.js';
import { codeIn, read, rowsWith } from './pages.js';

const PAGE = 'docs/outage-messages.md';
const OUTAGE_PAGE = 'docs/what-happens-when-matomo-is-down.md';

/** What an operator reads where Matomo answers two hits so, one answer at each try, and the process then ends. */
const OUTAGES: [
  Partial<DeliveryOptions> & { kind?: Hit['kind']; hits?: number; query?: string },
  Exchange[],
][] = [
  [{}, [notSent, processed(2)]],
  [{}, [answer(503), processed(2)]],
  [{}, [answer(502), processed(2)]],
  [{}, [answer(500), answer(500), answer(500), answer(500), processed(1), answer(500)]],
  [{}, [answer(504)]],
  [{}, [noAnswer]],
  [{ resendUnconfirmed: true }, [noAnswer, processed(2)]],
  [{}, [{ ...answer(302), location: 'https://matomo.test/' }, processed(2)]],
  [{}, [answer(403), processed(2)]],
  [{}, [answer(200, '<h1>Welcome</h1>'), processed(2)]],
  [{}, [answer(200, { ok: true }), processed(2)]],
  [{ maxExportBatchSize: 1 }, [processed(1), answer(200, { ok: true })]],
  [{}, [answer(200, '{"status":"success","tracked":2,"inv')]],
  [{}, [notHttp, processed(2)]],
  [{}, [answer(200, DATABASE_DIED), processed(2)]],
  [{}, [processed(0), processed(2)]],
  [{ tokenAuth: 'a'.repeat(32) }, [processed(2, 2), processed(2)]],
  [{}, [processed(2, 2)]],
  [{ tokenAuth: 'a'.repeat(32), query: '?rec=1&ec_id=o' }, [processed(2, 2)]],
  [{}, [answer(413)]],
  [{ kind: 'crash' }, [answer(500)]],
  [{ maxQueueSize: 1 }, [processed(1)]],
  [{}, [notSent]],
];

test('the page lists every message about an unavailable Matomo, and no other', async () => {
  const phrases = rowsWith(PAGE, 'in the log').flatMap((row) => codeIn(row['in the log'] ?? ''));
  const said = (
    await Promise.all(OUTAGES.map(([options, script]) => linesOf(options, script)))
  ).flat();
  expect(phrases.filter((phrase) => !said.some((line) => says(line, phrase)))).toEqual([]);
  expect(said.filter((line) => !phrases.some((phrase) => says(line, phrase)))).toEqual([]);
});

test('the page explains the reasons that messages give in parentheses', () => {
  const phrases = rowsWith(PAGE, 'in parentheses').map(
    (row) => codeIn(row['in parentheses'] ?? '')[0],
  );
  expect(phrases.length).toBeGreaterThan(10);
  const notExplained = phrases.filter(
    (phrase = '') => !explanationsFor(phrase).some((text) => says(text, phrase)),
  );
  expect(notExplained).toEqual(['no connection within … ms']);
});

test('the page states the waits as the code computes them', () => {
  const page = read(OUTAGE_PAGE);
  const longest = 100;
  expect([1, 2, 3, 4, longest].map((n) => backOffMillis(n, () => 1) / 1000)).toEqual([
    1, 2, 4, 8, 60,
  ]);
  expect(page).toMatch(/\b1 second\b.*\b2, 4, 8\b.*\b60 seconds/);
  const holds = [1, longest].flatMap((n) => [holdMillis(n, () => 0), holdMillis(n, () => 1)]);
  expect(holds.map((millis) => millis / 1000)).toEqual([1, 2, 150, 300]);
  expect(page).toMatch(/1 to 2\s+seconds\b.*2\.5 to 5 minutes/);
});

async function linesOf(
  { kind = 'page', hits = 2, query = '?rec=1', ...options }: (typeof OUTAGES)[number][0],
  script: Exchange[],
): Promise<string[]> {
  const lines: string[] = [];
  const transport = scriptedTransport();
  const delivery = new Delivery(
    {
      ...DEFAULT_OPTIONS,
      maxQueueSize: 100,
      scheduledDelayMillis: 60_000,
      exportTimeoutMillis: 1000,
      ...options,
    },
    transport,
    diagnosticsTo((line) => void lines.push(line)),
  );
  for (let i = 0; i < hits; i++) delivery.push(pendingHit(kind, query));
  transport.answer(...script);
  for (const _ of script) await delivery.flush();
  await delivery.shutdown(1000);
  return lines;
}

function pendingHit(kind: Hit['kind'], query: string): PendingHit {
  const startSeconds = Date.now() / 1000;
  const hit: Hit = {
    site: 1,
    visitor: 'v',
    startSeconds,
    kind,
    query,
  };
  return {
    endedMillis: performance.now(),
    bytes: 1000,
    isFinal: () => true,
    finalize: () => [hit],
  };
}

/** What may be said of an error that the phrase is about. */
function explanationsFor(phrase: string): string[] {
  const [code] = /^[A-Z][A-Z_]+(?=:)/.exec(phrase) ?? [];
  const wire = { address: '192.0.2.1', port: 443, hostname: 'matomo.test' };
  const errors = [
    Object.assign(new Error('of that code'), { code, ...wire }),
    Object.assign(new Error('of no HTTP'), { name: 'HTTPParserError' }),
    Object.assign(new Error('of HTTP'), { name: 'HTTPParserError', data: '\x15\x03\x01' }),
    new Error('Proxy response (407) !== 200 when HTTP Tunneling'),
    new Error('Proxy response (502) !== 200 when HTTP Tunneling'),
  ];
  return errors.map((error) => explainError(error).message);
}

/** `…` stands for anything, a number in the page for any number, and several hits for one. */
function says(line: string, phrase: string): boolean {
  const pattern = phrase
    .split(/(…|\d+)/)
    .map((part) => (part === '…' ? '.*' : /^\d+$/.test(part) ? '\\d+' : escaped(part)))
    .join('')
    .replace(/ hits\b/g, ' hits?');
  return new RegExp(`^${pattern}`).test(line);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
