import { expect, test } from 'vitest';
import { DoneSpans } from '../../../src/gateway/traces/done-spans.js';

test('a span that is sent again and again stays known among many others', () => {
  const done = new DoneSpans();
  done.add('trace', 'span');
  for (let i = 0; i < 350_000; i++) {
    if (i % 70_000 === 69_999) expect(done.has('trace', 'span')).toBe(true);
    done.add(`trace ${i}`, 'span');
  }
});

test('spans of one trace are told apart, and so are traces', () => {
  const done = new DoneSpans();
  for (const id of ['a', 'b', 'c']) done.add('one', id);
  done.add('two', 'd');
  const known = ['a', 'b', 'c', 'd'].map((id) => [done.has('one', id), done.has('two', id)]);
  expect(known).toEqual([
    [true, false],
    [true, false],
    [true, false],
    [false, true],
  ]);
});
