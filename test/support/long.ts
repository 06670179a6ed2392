/** Whether this is `npm run test:long`. */
export const isLong: boolean = process.env.TEST_LONG === '1';

/** How many of something: a few in `npm test`, all in `npm run test:long`. */
export function sampled(few: number, all: number): number {
  return isLong ? all : few;
}
