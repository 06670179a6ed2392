import type { ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { runCli } from '../support/cli.js';
import { listen } from '../support/listen.js';
import { type ApiCall, answering, refusing, tokenOf } from '../support/matomo-api.js';
import { startPlayedMatomo } from '../support/played-matomo.js';
import { startMatomoSite } from './matomo-site.js';

/** What would clear the screen, in two ways, print backwards, and begin a line of its own. */
const HOSTILE = 'a\u001b[2Jb\u009bc\u202ed\r\nzzz';
/** Of another server: a header has no line breaks. */
const IN_HEADER = 'a\tb\u009bc';
const CREATE = 'CustomDimensions.configureNewCustomDimension';
const NAMES = 'CustomDimensions.getConfiguredCustomDimensions';
const DIMENSION = { idcustomdimension: 1, name: HOSTILE, scope: 'action', active: true };

const COMMANDS = [['setup', '--yes'], ['doctor'], ['doctor', '--json']];

async function expectEscaped(url: string, shows: string, args: string[], env: object = {}) {
  const given = { MATOMO_URL: url, MATOMO_SITE_ID: '1', MATOMO_TOKEN_AUTH: tokenOf('write') };
  const { output } = await runCli(args, { ...given, ...env });
  expect(output).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
  expect(output).not.toMatch(/^z/m);
  return output.replaceAll(/\n +/g, ' ').includes(shows);
}

test.each<[place: string, answer: (call: ApiCall) => unknown, by: string, env?: object]>([
  ['why a dimension is not created', refusing(CREATE, HOSTILE), 'setup'],
  [
    'the name of a dimension',
    answering(NAMES, [DIMENSION]),
    'doctor',
    { MATOMO_DIMENSIONS: '1=http.route' },
  ],
  ['the version', answering('API.getMatomoVersion', { value: `4.1${HOSTILE}` }), ''],
])('%s cannot write to the terminal', async (_place, answer, by, env) => {
  const { url: tracker } = await startPlayedMatomo();
  for (const args of COMMANDS) {
    const { url } = await startMatomoSite({ answer, tracker });
    const isShown = await expectEscaped(url, 'a\\u001b[2Jb', args, env);
    if (by === args[0] && !args.includes('--json')) expect(isShown).toBe(true);
  }
});

const json = JSON.stringify({ result: 'error', message: HOSTILE });
const DIED = `Error: SQLSTATE[HY000] ${HOSTILE}`;
const COUNTERS = '{"status":"success","tracked":1,"invalid":0}';

type Play = (response: ServerResponse, isApi: boolean) => void;

test.each<[place: string, shows: string, by: string, Play]>([
  ['an error of the API', 'a\\u001b[2Jb', 'setup', (response) => response.writeHead(401).end(json)],
  [
    'why a token is rejected',
    'a\\u001b[2Jb',
    'doctor',
    (response, isApi) => response.writeHead(isApi ? 401 : 200).end(isApi ? json : COUNTERS),
  ],
  ['an error of the database', 'SQLSTATE', 'doctor', (response) => response.end(DIED)],
  ['a page', '', '', (response) => response.end(`<h1>${HOSTILE}</h1>`)],
  [
    'a redirect',
    'https://a.test/',
    'setup',
    (response) => response.writeHead(302, { location: `https://a.test/${IN_HEADER}` }).end(),
  ],
  ['a type', '', '', (response) => response.setHeader('content-type', `text/${IN_HEADER}`).end()],
  [
    'what asks for a password',
    'MATOMO_HEADERS',
    'setup',
    (response) => response.writeHead(401, { 'www-authenticate': IN_HEADER }).end(),
  ],
])('%s cannot write to the terminal', async (_place, shows, by, play) => {
  const url = await listen((request, response) => {
    void text(request).then(() => play(response, request.url?.includes('module=API') ?? false));
  });
  for (const args of COMMANDS) {
    const isShown = await expectEscaped(url, shows, args);
    if (by === args[0] && !args.includes('--json')) expect(isShown).toBe(true);
  }
});
