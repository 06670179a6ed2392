import { describe, test } from 'vitest';
import { formatFindings } from '../../src/cli/doctor.js';
import { splitCode } from '../../src/common/messages.js';
import { interpretAnswer } from '../../src/delivery/answer.js';
import type { Exchange } from '../../src/delivery/http.js';
import { explainError } from '../../src/delivery/http-errors.js';
import { expectLinear, KIB } from '../support/linear-input.js';
import { answer } from '../support/transport.js';

// Whatever comes from Matomo's address is read in linear time: bodies, headers, and messages of errors.

/** What the transport keeps of an answer. */
const KEPT_BYTES = 64 * KIB;
const HEADER_BYTES = 32 * KIB;
const COUNTERS = '{"status":"success","tracked":3,"invalid":0';

type Make = (size: number) => string;

/** A beginning, one text again and again, and an end. */
function repeated(start: string, text: string, end = ''): Make {
  // Flat, as a text is that was decoded from bytes.
  return (size) =>
    Buffer.from(start + text.repeat(size / text.length) + end, 'latin1').toString('latin1');
}

const BODIES: readonly Make[] = [
  repeated('{"status":', '['),
  repeated('{"status":', '{"a":'),
  repeated('', '{"status":"success","tracked":3,"invalid":0}'),
  repeated('', '<br />', `${COUNTERS}}`),
  repeated(`${COUNTERS}}`, '\n', '.'),
  repeated(`${COUNTERS},"invalid_indices":[`, '1,', '1]}'),
  repeated('{"status":"success","tracked":', '1', ',"invalid":0}'),
  repeated('', ' ', 'Error:SQLSTATE[HY000]'),
  repeated('', '{"status":"success","tracked"'),
  repeated('{', ' ', '"status"'),
  repeated(`${COUNTERS},"invalid_indices":[`, ' ', 'x'),
  repeated('', `${COUNTERS},"invalid_indices":[`),
  repeated('', '\nError:', 'SQLSTATE'),
];

const HEADERS: readonly Make[] = [
  repeated('', '/'),
  repeated('//', 'x'),
  repeated('https://', 'u:', '@'),
  repeated('https://m.test/', ';'),
  repeated('', ' '),
  repeated('1', ' ', 'x'),
  repeated(' [', 'a-', ']'),
];

const named = (makes: readonly Make[]) =>
  makes.map((make) => [make(64).slice(0, 40), make] as const);

describe.each(named(BODIES))('a body of %j', (_name, make) => {
  test.each([true, false])('is read in linear time (counters were read before: %s)', (isMatomo) => {
    const known = { sent: 3, hasToken: true, token: 'secret', isMatomo };
    expectLinear(make, (body) => interpretAnswer(readAnswer(body), known), KEPT_BYTES);
  });
});

function readAnswer(body: string): Exchange {
  return answer(200, body, 'text/html');
}

describe.each(named(HEADERS))('a header or message of %j', (_name, make) => {
  test('is read in linear time', () => {
    const known = { sent: 3, hasToken: false, token: 'secret', isMatomo: true };
    const read = (text: string) => {
      interpretAnswer({ ...answer(302), location: text }, known);
      interpretAnswer(answer(200, '', text), known);
      interpretAnswer({ ...answer(503), retryAfter: text }, known);
      for (const wire of [{}, { code: text }]) explainError(Object.assign(new Error(text), wire));
      splitCode(text);
      formatFindings([{ check: 'matomo', verdict: 'problem', found: text, advice: text }]);
    };
    expectLinear(make, read, HEADER_BYTES);
  });
});
