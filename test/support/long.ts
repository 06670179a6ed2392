/** Which tests run: those of `npm test`, or the long ones. */
export const testLength = (process.env.TEST_LENGTH ?? '') as '' | 'long';

/** How many of something: a few in general, all with `TEST_NIGHTLY=1`. */
export function sampled<T>(few: T, all: T): T {
  return process.env.TEST_NIGHTLY === '1' ? all : few;
}
