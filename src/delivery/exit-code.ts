/** The code of `exit-entry` as one text: `scripts/exit-code.mjs` makes it, for the build and for tests. */
export const EXIT_CODE: string = '';
