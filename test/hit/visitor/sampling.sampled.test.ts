import { expect, test } from 'vitest';
import { createHitBuilder } from '../../../src/hit/hit-builder.js';
import { isInSample } from '../../../src/hit/visitor/visitor-id.js';
import { annotations, HIT_OPTIONS, httpRequest, NOON } from '../../support/builders.js';
import { runNode } from '../../support/child-process.js';
import { sampled } from '../../support/long.js';

const RATE = 0.1;
const DAY_MILLIS = 86_400_000;

const { findVisitor } = createHitBuilder(
  { ...HIT_OPTIONS, visitorKey: 'fixed seed' },
  () => undefined,
);

/** An address and a user agent for each. */
const visitor = (i: number) =>
  httpRequest({
    address: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
    userAgent: `agent/${i % 9}`,
  });

const isTaken = (request = httpRequest()) => isInSample(findVisitor(request, 1), RATE);

test('of many visitors at 0.1 between 9.5 and 10.5 % are in, every one for all requests of the day', () => {
  const visitors = sampled(30_000, 100_000);
  let taken = 0;
  for (let i = 0; i < visitors; i++) if (isTaken(visitor(i))) taken += 1;
  expect(taken / visitors).toBeGreaterThan(0.095);
  expect(taken / visitors).toBeLessThan(0.105);
  for (let i = 0; i < 500; i++) {
    const first = isTaken(visitor(i));
    const later = { ...visitor(i), path: '/other', startMillis: NOON + DAY_MILLIS / 4 };
    expect(isTaken(later)).toBe(first);
  }
});

test('the visitor of the next UTC day is another one, unless a user ID names the visitor', () => {
  const tomorrow = NOON + DAY_MILLIS;
  const all = Array.from({ length: 2000 }, (_, i) => visitor(i));
  const next = (request = httpRequest()) => ({ ...request, startMillis: tomorrow });
  expect(all.some((one) => isTaken(one) !== isTaken(next(one)))).toBe(true);
  const named = all.map((one, i) => ({ ...one, optionParameters: { uid: `user${i}` } }));
  expect(named.every((one) => isTaken(one) === isTaken(next(one)))).toBe(true);
});

test('the user ID wins over the visitor ID, the strongest source over weaker ones', () => {
  const annotated = annotations({ parameters: { uid: 'tracked', cid: '0123456789abcdef' } });
  const span = annotations({ userId: 'of the span' });
  const nobody = annotations({ parameters: { uid: 'anonymous' } });
  const given = { uid: 'of a function', cid: 'fedcba9876543210' };
  const of = (overrides: Parameters<typeof httpRequest>[0]) =>
    findVisitor(httpRequest(overrides), 1);
  expect(of({ annotations: [span, annotated, nobody], optionParameters: given })).toBe('tracked');
  expect(of({ annotations: [span], optionParameters: given })).toBe('of a function');
  expect(of({ annotations: [span], optionParameters: { cid: given.cid } })).toBe('of the span');
  expect(of({ annotations: [nobody], optionParameters: { cid: given.cid } })).toBe(given.cid);
  expect(of({})).toMatch(/^[\da-f]{16}$/);
});

test('a user ID that is not sent does not decide about the sample', () => {
  const strict = createHitBuilder(
    { ...HIT_OPTIONS, visitorKey: 'fixed seed', hidesOtherUserIds: true },
    () => undefined,
  );
  const named = httpRequest({ annotations: [annotations({ parameters: { uid: 'a@b.test' } })] });
  expect(strict.findVisitor(named, 1)).toMatch(/^[\da-f]{16}$/);
});

test('two processes with one key take the same visitors', async () => {
  const script = `
    const { createHitBuilder } = await import('./build/hit/hit-builder.js');
    const { isInSample } = await import('./build/hit/visitor/visitor-id.js');
    const { options, requests } = JSON.parse(process.argv[1]);
    const { findVisitor } = createHitBuilder(options, () => undefined);
    console.log(requests.map((request) => Number(isInSample(findVisitor(request, 1), 0.5))).join(''));`;
  const requests = Array.from({ length: 60 }, (_, i) => visitor(i));
  const run = async (visitorKey: string) => {
    const options = { ...HIT_OPTIONS, visitorKey };
    const given = JSON.stringify({ options, requests });
    return (await runNode(['--input-type=module', '-e', script, given])).stdout;
  };
  const [one, two, other] = await Promise.all([run('key'), run('key'), run('another')]);
  expect(one).toMatch(/^[01]{60}\n$/);
  expect(two).toBe(one);
  expect(other).not.toBe(one);
});
