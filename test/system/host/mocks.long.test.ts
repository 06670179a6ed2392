import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import { sampled } from '../../support/long.js';
import { packBeforeTests, preparePlace } from '../../support/matrix.js';
import { get, REGISTER } from '../../support/registered-app.js';
import { APP, firstDelivery, startHost } from './hosts.js';

const npmPackage = packBeforeTests();
const MOCKS = ['--require', './mocks.cjs'];

/** The newest for the oldest Node.js, and the newest. */
const LIBRARIES: readonly (readonly [name: string, version: string, node: number])[] = [
  ['nock', '14.0.17', 20],
  ['nock', '15.0.6', 24],
  ['msw', '2.15.0', 20],
  ['msw', '3.0.5', 24],
];

test.each(
  sampled(
    LIBRARIES.filter(([, , node]) => node === 24),
    LIBRARIES,
  ),
)('%s %s in an application on Node.js %d sees no delivery', async (name, version, node) => {
  const setUp = { name, dependencies: { [name]: version } };
  const { folder: cwd, node: path } = await preparePlace({ node, setUp }, npmPackage());
  cpSync(join(ROOT, APP), join(cwd, 'host-app.cjs'));
  const host = await startHost([...REGISTER, ...MOCKS, 'host-app.cjs'], {
    cwd,
    node: path,
    env: { MOCKS: name },
  });
  const { receiver, app } = host;
  expect(await get(`${app.url}/calls`)).toBe('mocked');
  await firstDelivery(host);
  await get(`${app.url}/2`);
  expect(await app.stop()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(receiver.tracked()).toEqual(['calls', '2']);
  expect(app.stderr()).toBe(name === 'msw' ? 'mocked: http://127.0.0.1:9/\n' : '');
});
