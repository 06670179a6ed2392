import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, startProgram } from '../support/child-process.js';
import { requires } from '../support/skips.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** The demo and the tests install and build what is missing. */
const MAX_MILLIS = 900_000;

test(
  'the demo and the tests of README work in a clean clone, as they are printed',
  async () => {
    requires('a POSIX shell');
    const folder = join(temporaryFolder(), 'clone');
    async function run(command: string): Promise<string> {
      const env = { TEST_ONLY: 'test/contracts/hit/url.test.ts' };
      const child = startProgram(['sh', '-c', command], {
        ...{ cwd: folder, env, timeoutMillis: MAX_MILLIS },
      });
      const { code } = await child.exit();
      expect({ command, code, output: code === 0 ? '' : child.stdout() + child.stderr() }).toEqual({
        ...{ command, code: 0, output: '' },
      });
      return child.stdout();
    }
    const cloning = startProgram(['git', 'clone', '--quiet', ROOT, folder]);
    expect(await cloning.exit()).toEqual({ code: 0, signal: null });

    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    const [, block = ''] = /## In a clone\n\n```sh\n(.*?)\n```/s.exec(readme) ?? [];
    const [demo = '', tests = '', ...others] = block.split('\n');
    expect(others).toEqual([]);
    expect(await run(demo)).toMatch(/\b448 sent = \d+ tracked \+ \d+ ignored, 0 missing\n/);
    expect(await run(tests)).toMatch(/\n[1-9]\d* passed, 0 failed\n$/);
  },
  2 * MAX_MILLIS,
);
