import { describe, test } from 'vitest';
import { sampled } from '../../support/long.js';
import { installNodeBeforeTests } from '../../support/matrix.js';
import { REGISTER } from '../../support/registered-app.js';
import { DANGEROUS, expectAllToLive, FREEZE, type HostRow, preload, STARTS } from './hosts.js';

const FILES = ['--allow-fs-read=*', '--allow-fs-write=*'];

/** What else an application may do to its process. */
const moreOf = (major: number): readonly HostRow[] => [
  ['is as usual', [], {}],
  ['replaces the HTTP client', preload('mocks'), {}],
  [
    'permits files only',
    ['--no-warnings', major < 24 ? '--experimental-permission' : '--permission', ...FILES],
    {},
  ],
  ['freezes all intrinsics when it listens', FREEZE, { FREEZE: 'after' }],
  ['throws on __proto__', ['--disable-proto=throw'], {}],
  ['evaluates no text', ['--disallow-code-generation-from-strings'], {}],
  ['throws on deprecated functions', ['--pending-deprecation', '--throw-deprecation'], {}],
  ['ends by the first unhandled rejection', ['--unhandled-rejections=strict'], {}],
];

describe.each(sampled([24], [20, 24]))('Node.js %d', (major) => {
  const findNode = installNodeBeforeTests(major);

  test('hosts live and end as they would', () =>
    expectAllToLive([...DANGEROUS, ...moreOf(major)], REGISTER, { node: findNode() }));

  test('the same with start() in an ES module', () =>
    expectAllToLive(DANGEROUS, STARTS, { node: findNode() }));
});
