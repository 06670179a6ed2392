import { expect, test } from 'vitest';
import { matomoOnWire, runDoctorAsText } from '../../support/doctor.js';
import { read } from './pages.js';

test('the page shows what doctor says of a site that is not there', async () => {
  const [, shown = ''] = /```text\n(.*?)```/s.exec(read('docs/debug-nothing-arrives.md')) ?? [];
  const { env } = await matomoOnWire({ sites: { 2: {} } }, { certificate: 'server' });
  const { stdout } = await runDoctorAsText({
    ...env,
    NODE_EXTRA_CA_CERTS: 'test/fixtures/tls/ca.pem',
  });
  // The page leaves out where the one copy of the API is, which is in order.
  const said = sayingsOf(stdout).filter((saying) => !/^✓ api|^docs\/messages/.test(saying));
  expect(sayingsOf(shown)).toEqual(said);
});

/** Without line breaks, addresses and versions. */
function sayingsOf(text: string): string[] {
  return text
    .trim()
    .replace(/\n +/g, ' ')
    .split(/\n+/)
    .map((line) =>
      line
        .replace(/https:\/\/[^\s/]+/g, '<url>')
        .replace(/installed: .*/, 'installed: <packages>')
        .replace(/\d+\.\d+\.\d+/, '<version>'),
    );
}
