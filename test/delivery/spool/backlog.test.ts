import { expect, test } from 'vitest';
import { SpoolReports } from '../../../src/delivery/spool/spool-reports.js';
import { eventually } from '../../support/child-process.js';
import { pending } from '../../support/delivery.js';
import { diagnosticsTo } from '../../support/diagnostics.js';
import { processed } from '../../support/scripted-transport.js';
import { spooledDelivery } from '../../support/spool.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const HOUR_AGO = Date.now() / 1000 - 3_600;

test.each([
  ['grows while Matomo confirms hits', (beat: number) => [beat, beat, HOUR_AGO], 0],
  ['grows while Matomo is unavailable', (beat: number) => [beat, 7, HOUR_AGO], undefined],
  ['becomes smaller', (beat: number) => [900 - beat, beat, HOUR_AGO], undefined],
  ['is small at times', (beat: number) => [beat % 50, beat, HOUR_AGO], undefined],
  ['has hits of this minute only', (beat: number) => [beat, beat, Date.now() / 1000], undefined],
] as const)('a backlog that %s', (_how, at, before) => {
  const logged: string[] = [];
  const reports = new SpoolReports(
    'spool',
    diagnosticsTo((line) => void logged.push(line)),
  );
  for (let beat = 0; beat < 201; beat++) {
    const [hits = 0, confirmed = 0, oldestSeconds = 0] = at(beat);
    reports.beat({ pending: hits, confirmed, oldestSeconds });
  }
  const line = expect.stringContaining(
    `200 hits of this process are pending, ${before} were before`,
  );
  expect(logged).toEqual(before === undefined ? [] : [line]);
});

test('a spool that has grown for 200 beats is in the log once', async () => {
  const times = { beatMillis: 3, deadMillis: 30_000 };
  const { delivery, transport, logged } = spooledDelivery({
    folder: temporaryFolder(),
    maxExportBatchSize: 1,
    times,
  });
  // Two hits come for each one that is sent.
  transport.answer(() => {
    for (const kind of ['', '.bot']) {
      const name = `${transport.bodies.length}${kind}`;
      if (logged.length === 0) delivery.push(pending({ name, startSeconds: HOUR_AGO }));
    }
    return processed(1);
  });
  delivery.push(pending({ name: '0', startSeconds: HOUR_AGO }));
  await eventually(() => logged.length > 0);
  expect(logged).toEqual([expect.stringMatching(/\[spool-grows\]$/)]);
});
