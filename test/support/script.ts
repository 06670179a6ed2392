import { expect } from 'vitest';
import { runNode } from './child-process.js';
import { type PlayedMatomoAnswer, startPlayedMatomo } from './played-matomo.js';

/** What a script may use: a server, a client (`fetch` takes long to load), and what sends its result here. */
const PRELUDE = `
const http = require('node:http');
const { start, MatomoSpanProcessor, trackEvent } = require('opentelemetry-matomo');
const serve = (handle = (request, response) => response.end('ok')) => new Promise((resolve) => {
  const server = http.createServer(handle).listen(0, '127.0.0.1', () => resolve({ server, url: 'http://127.0.0.1:' + server.address().port }));
});
const get = (url) => new Promise((resolve, reject) => {
  const read = (response) => response.toArray().then((chunks) => resolve(Buffer.concat(chunks).toString()), reject);
  http.get(url, { agent: false, headers: { 'user-agent': 'node' } }, read).on('error', reject);
});
const report = (value) => console.log(JSON.stringify(value));
`;

export interface ScriptOptions {
  /** On top of that which leads to a Matomo. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly flags?: readonly string[];
  /** Runs before `PRELUDE`. */
  readonly before?: string;
  readonly answer?: PlayedMatomoAnswer;
}

/** Runs code in a process of its own, and returns what it reports and logs, and the Matomo that got its hits. */
export async function runScript(
  body: string,
  { env = {}, flags = [], before = '', answer }: ScriptOptions = {},
) {
  const inspector = await startPlayedMatomo({ customVariables: true });
  const site = { MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1' };
  if (answer) inspector.play(answer);
  const code = `${before}${PRELUDE}(async () => { ${body} })();`;
  const options = { env: { ...site, ...env } as Record<string, string> };
  const { stdout, stderr, ...exit } = await runNode([...flags, '-e', code], options);
  expect(exit, stdout + stderr).toEqual({ code: 0, signal: null });
  return { reported: JSON.parse(stdout), stderr, inspector };
}
