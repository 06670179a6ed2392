import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { runNode } from '../support/child-process.js';
import { MAIN } from '../support/cli.js';
import { installNodeBeforeTests } from '../support/matrix.js';

// Below 20.16, Node.js has no `process.getBuiltinModule`.
const OLDEST = packageJson.engines.node.replace('>=', '');

for (const version of ['18.20.4', '20.10.0']) {
  const node = installNodeBeforeTests(version);
  const line = `opentelemetry-matomo: Node.js ${version} is too old. Nothing is tracked. Use Node.js ${OLDEST} or later. [node-version]\n`;

  test(`Node.js ${version}: an application with register runs, and a line names the version that is needed`, async () => {
    const args = ['--require', './dist/cjs/register.js', '-p', '"it runs"'];
    expect(await runNode(args, { node: node() })).toEqual({
      ...{ code: 0, signal: null, stdout: 'it runs\n', stderr: line },
    });
  });

  test(`Node.js ${version}: doctor names the version that is needed`, async () => {
    expect(await runNode([MAIN, 'doctor'], { node: node() })).toEqual({
      ...{ code: 1, signal: null, stdout: '', stderr: line },
    });
  });

  test(`Node.js ${version}: an application that imports the package gets an error with the version`, async () => {
    const args = ['-e', "require('./dist/cjs/index.js')"];
    const { code, stderr } = await runNode(args, { node: node() });
    expect(code).toBe(1);
    expect(stderr).toContain(
      `Error: opentelemetry-matomo needs Node.js ${OLDEST} or later [node-version]\n`,
    );
  });
}
