import { expect, test } from 'vitest';
import { runNode } from '../support/child-process.js';
import { matomo, REGISTER } from '../support/registered-app.js';

/** Shows the span processors of a provider, as SDKs do, before and after the process serves. */
const SHOW = `
const { inspect } = require('node:util');
const { trace } = require('@opentelemetry/api');
const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');
const show = (provider) => [
  provider._activeSpanProcessor._spanProcessors.map(({ constructor }) => constructor.name),
  /spanProcessors: (\\[.*\\])/.exec(inspect(provider))?.[1],
];
const report = async (create) => {
  const provider = new BasicTracerProvider({ spanProcessors: await create() });
  trace.setGlobalTracerProvider(provider);
  const before = show(provider);
  const { createServer } = require('node:http');
  const server = createServer((request, response) => response.end()).listen(0, '127.0.0.1', async () => {
    await fetch('http://127.0.0.1:' + server.address().port, { headers: { connection: 'close' } });
    server.close();
    console.log(JSON.stringify([before, show(provider)]));
  });
};
`;

const IN_CODE = `return [new (require('opentelemetry-matomo').MatomoSpanProcessor)()]`;

test.each([
  ['register waits for a server', REGISTER, 'return []'],
  ['start in an ES module', [], `(await import('opentelemetry-matomo')).start(); return []`],
  ['in code', [], IN_CODE],
  ['in code, and register adds none', REGISTER, IN_CODE],
])('an SDK shows one MatomoSpanProcessor: %s', async (_name, flags, create) => {
  const { env } = await matomo();
  const code = `${SHOW}report(async () => { ${create} });`;
  const { stdout, stderr } = await runNode([...flags, '-e', code], { env });
  expect(stderr).toBe('');
  const shown = [['MatomoSpanProcessor'], "[ 'MatomoSpanProcessor' ]"];
  const before = create === IN_CODE ? shown : [[], '[]'];
  expect(JSON.parse(stdout)).toEqual([before, shown]);
});
