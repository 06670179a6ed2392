import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../support/child-process.js';

const CHECKOUT = 'test/support/apps/own-tests/checkout.test.mjs';

/** The test of docs/test-your-own-tracking.md for another test runner, changed as the page says. */
export function ownTestFor(runner: string): string {
  const code = readFileSync(join(ROOT, CHECKOUT), 'utf8');
  const names =
    runner === 'node:test' ? '{ after as afterAll, before as beforeAll, beforeEach, test }' : '$1';
  return code.replace(/(\{[^}]*\}) from 'vitest'/, `${names} from '${runner}'`);
}

/** The same with `require`. */
export function toCommonJs(code: string): string {
  return code.replace(/^import (.+) from ('.+');$/gm, 'const $1 = require($2);');
}
