import type { ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { runCli } from '../support/cli.js';
import { listen } from '../support/listen.js';
import { answering, tokenOf } from '../support/matomo-api.js';
import { startPlayedMatomo } from '../support/played-matomo.js';
import { startMatomoSite } from './matomo-site.js';

/** What would clear the screen, in two ways, print backwards, and begin a line of its own. */
const HOSTILE = 'a\u001b[2Jb\u009bc\u202ed\r\nzzz';
/** Of another server: a header has no line breaks. */
const IN_HEADER = 'a\tb\u009bc';

const COMMANDS = [['setup', '--yes'], ['doctor'], ['doctor', '--json']];

/** Whether a command shows a text, behind which nothing can write to the terminal. */
async function expectEscaped(url: string, shows: string, args: string[], env: object = {}) {
  const given = { MATOMO_URL: url, MATOMO_SITE_ID: '1', MATOMO_TOKEN_AUTH: tokenOf('write') };
  const { output } = await runCli(args, { ...given, ...env });
  expect(output).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
  expect(output).not.toMatch(/^z/m);
  return output.replaceAll(/\n +/g, ' ').includes(shows);
}

test('the name of a dimension cannot write to the terminal', async () => {
  const dimension = { idcustomdimension: 1, name: HOSTILE, scope: 'action', active: true };
  const { url: tracker } = await startPlayedMatomo();
  for (const args of COMMANDS) {
    const answer = answering('CustomDimensions.getConfiguredCustomDimensions', [dimension]);
    const { url } = await startMatomoSite({ answer, tracker });
    const env = { MATOMO_DIMENSIONS: '1=http.route' };
    const isShown = await expectEscaped(url, 'a\\u001b[2Jb', args, env);
    if (args.join() === 'doctor') expect(isShown).toBe(true);
  }
});

const json = JSON.stringify({ result: 'error', message: HOSTILE });
const location = `https://a.test/${IN_HEADER}`;

test.each<[place: string, by: string, shows: string, (response: ServerResponse) => unknown]>([
  ['an error of the API', 'setup', 'a\\u001b[2Jb', (response) => response.writeHead(401).end(json)],
  [
    'an error of the database',
    'doctor',
    'SQLSTATE',
    (response) => response.end(`Error: SQLSTATE[HY000] ${HOSTILE}`),
  ],
  [
    'a redirect',
    'setup',
    'https://a.test/',
    (response) => response.writeHead(302, { location }).end(),
  ],
])('%s cannot write to the terminal', async (_place, by, shows, answer) => {
  const url = await listen((request, response) => {
    void text(request).then(() => answer(response));
  });
  for (const args of COMMANDS) {
    const isShown = await expectEscaped(url, shows, args);
    if (args[0] === by && args[1] !== '--json') expect(isShown).toBe(true);
  }
});
