import { expect, test } from 'vitest';
import { eventually, startServer } from '../../../support/child-process.js';
import { APPS, get, matomo, REGISTER } from '../../../support/registered-app.js';
import { filesIn, linesIn } from '../../../support/spool.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

test.each([
  ['delivered hits leave no segment', 0, undefined],
  ['pending hits stay', 1, { status: 503 }],
])(
  'a process that ends because nothing is left to do releases its folder: %s',
  async (_what, left, response) => {
    const { inspector, env } = await matomo();
    inspector.play(response);
    const folder = temporaryFolder();
    // Its handler of SIGTERM only closes the server, so that the event loop becomes empty.
    const app = await startServer([...REGISTER, `${APPS}/ends.cjs`], {
      env: { ...env, HANDLER: 'drains', MATOMO_SPOOL: folder, MATOMO_SCHEDULE_DELAY: '1' },
    });
    await get(`${app.url}/first`);
    await eventually(() => (response ? linesIn(folder) : inspector.hits()).length === 1);
    expect(await app.stop()).toMatchObject({ code: 0 });

    expect(linesIn(folder)).toHaveLength(left);
    expect(filesIn(folder, '.hits')).toHaveLength(left);
    expect(filesIn(folder, 'ended')).toHaveLength(left);
    expect(filesIn(folder, 'alive')).toEqual([]);
  },
);
