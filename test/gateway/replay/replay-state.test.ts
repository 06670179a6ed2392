import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openReplayState } from '../../../src/gateway/replay/replay-state.js';
import { exportRequest, requestSpan } from '../../support/otlp-spans.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

test('a position is found again by the path of its file', () => {
  const path = join(temporaryFolder(), 'state.json');
  const position = { requests: 5, last: 'a/b', isDone: false };
  openReplayState(path).save('a.jsonl', position);
  const state = openReplayState(path);
  expect(state.positionOf('./a.jsonl')).toEqual(position);
  expect(state.positionOf('b.jsonl')).toMatchObject({ requests: 0, isDone: false });
});

test.each([
  ['no JSON', '{'],
  ['a list', '[]'],
  ['null', 'null'],
  ['a file of spans', exportRequest([requestSpan('/a')])],
  ['a position without a number', '{"/a": {"requests": "5", "last": "", "isDone": false}}'],
])('%s is not the state of a replay: nothing would be known of what was sent', (_what, text) => {
  const path = join(temporaryFolder(), 'state.json');
  writeFileSync(path, text);
  expect(() => openReplayState(path)).toThrow(`${JSON.stringify(path)} is not the state`);
  expect(readFileSync(path, 'utf8')).toBe(text);
});
