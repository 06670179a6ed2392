/** The code of `exit-entry` as text. `scripts/exit-code.mjs` generates it for the build and for tests. */
export const EXIT_CODE: string = '';
