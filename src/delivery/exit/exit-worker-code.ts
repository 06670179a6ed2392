/** The code of `exit-worker` as one text: `scripts/exit-worker-code.mjs` makes it, for the build and for tests. */
export const EXIT_WORKER: string = '';
