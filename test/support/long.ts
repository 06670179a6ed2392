/** Which tests run: those of `npm test`, or the long ones; every night `npm run test:full` runs these with more rounds and applications. */
export const testLength = (process.env.TEST_LENGTH ?? '') as '' | 'long' | 'full';

/** How many of something: a few in general, all in `npm run test:full`. */
export function sampled<T>(few: T, all: T): T {
  return testLength === 'full' ? all : few;
}
