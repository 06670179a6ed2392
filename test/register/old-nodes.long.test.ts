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

  test(`Node.js ${version}: an application with register runs, others and doctor do not, and a line names the version that is needed`, async () => {
    const run = (...args: string[]) => runNode(args, { node: node() });
    const registered = await run('--require', './dist/cjs/register.js', '-p', '"it runs"');
    expect(registered).toEqual({ code: 0, signal: null, stdout: 'it runs\n', stderr: line });
    const doctor = await run(MAIN, 'doctor');
    expect(doctor).toEqual({ code: 1, signal: null, stdout: '', stderr: line });
    const { code, stderr } = await run('-e', "require('./dist/cjs/index.js')");
    expect(code).toBe(1);
    expect(stderr).toContain(
      `Error: opentelemetry-matomo needs Node.js ${OLDEST} or later [node-version]\n`,
    );
  });
}
