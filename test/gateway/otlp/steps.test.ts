import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { readJson } from '../../../src/gateway/otlp/decode-json.js';
import { readProtobuf } from '../../../src/gateway/otlp/decode-protobuf.js';
import type { DecodedExport } from '../../../src/gateway/otlp/read-export.js';
import { ROOT } from '../../support/child-process.js';
import { decode, emptyExport } from '../received-spans.js';

const { hostileBody } = (await import(
  pathToFileURL(join(ROOT, 'test/support/hostile-bodies.mjs')).href
)) as { hostileBody(name: string, mebibytes: number): { body: Buffer; type: string } };

const MESSAGES_A_STEP = 64;
const spansIn = ({ spans, rejected }: DecodedExport) => spans.length + rejected;

test.each([
  'requests in JSON',
  'empty spans in JSON',
  'requests in one trace',
  'resources with a request each',
])('an export is read in steps of a few spans, of which nothing depends: %s', (name) => {
  const { body, type } = hostileBody(name, 1);
  const read = type.endsWith('json') ? readJson : readProtobuf;
  const whole = decode(read, body);
  const into = emptyExport();
  let steps = 1;
  let most = 0;
  let before = 0;
  for (const _ of read(body, into)) {
    steps += 1;
    most = Math.max(most, spansIn(into) - before);
    before = spansIn(into);
  }
  expect(spansIn(whole)).toBeGreaterThan(5000);
  expect([into.spans.length, into.rejected]).toEqual([whole.spans.length, whole.rejected]);
  expect(most).toBeLessThanOrEqual(MESSAGES_A_STEP);
  expect(steps).toBeGreaterThanOrEqual(spansIn(whole) / MESSAGES_A_STEP);
});

test('V8 parses a large export in a slice of its own', () => {
  const { body } = hostileBody('requests in JSON', 1);
  const steps = readJson(body, emptyExport());
  expect([steps.next().value, steps.next().value, steps.next().value]).toEqual([true, true, false]);
});

test('an error of this package is not taken for an unreadable body', () => {
  const { body } = hostileBody('resources with a request each', 1);
  const into = emptyExport();
  into.selection.takesService = () => {
    throw new TypeError('a bug');
  };
  expect(() => [...readProtobuf(body, into)]).toThrow(new TypeError('a bug'));
});
