import { expect, test } from 'vitest';
import { describeError } from '../../src/common/describe-error.js';
import { copyText } from '../../src/common/recent-texts.js';

const PERSON = 'alice@example.com';

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

test.for<[string, unknown, RegExp]>([
  ['JSON that is not valid', thrownBy(() => JSON.parse(PERSON)), /^SyntaxError$/],
  ['what cannot be cloned', thrownBy(() => structuredClone(Symbol(PERSON))), /^DataCloneError$/],
  ['a text', PERSON, /^a string$/],
  ['a name', Object.assign(new Error(), { name: PERSON, code: `/${PERSON}` }), /^an error$/],
  ['several lines', new Error(`one\n    at ${PERSON} (/dist/cjs/${PERSON}:1:2)`), /^Error$/],
  [
    'an error that throws',
    Object.defineProperty(new Error(), 'name', { get: () => expect.fail(PERSON) }),
    /^an error that cannot be read$/,
  ],
])('an error with %s does not put it into the log', ([, error, described]) => {
  const text = describeError(error);
  expect(text).not.toContain(PERSON);
  expect(text).toMatch(described);
});

test('the first position in this package is in the log', () => {
  const error = thrownBy(() => copyText(undefined as unknown as string));
  expect(describeError(error)).toMatch(
    /^TypeError ERR_INVALID_ARG_TYPE at common\/recent-texts\.ts:\d+:\d+$/,
  );
});
