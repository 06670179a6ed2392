import { expect, test } from 'vitest';
import { REGISTER } from '../support/registered-app.js';
import { runScript } from '../support/script.js';

const IN_CODE = 'new MatomoSpanProcessor()';

test.each([
  ['register waits for a server', REGISTER, ''],
  ['start', [], '...(start(), [])'],
  ['in code', [], IN_CODE],
  ['in code, and register adds none', REGISTER, IN_CODE],
])('an SDK shows one MatomoSpanProcessor: %s', async (_name, flags, processor) => {
  const { reported, stderr } = await runScript(
    `const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');
    const provider = new BasicTracerProvider({ spanProcessors: [${processor}] });
    require('@opentelemetry/api').trace.setGlobalTracerProvider(provider);
    const show = () => /spanProcessors: (\\[.*\\])/.exec(require('node:util').inspect(provider))?.[1];
    const before = show();
    const { server, url } = await serve();
    await get(url);
    server.close();
    report([before, show()]);`,
    { flags },
  );
  expect(stderr).toBe('');
  const shown = "[ 'MatomoSpanProcessor' ]";
  expect(reported).toEqual([processor === IN_CODE ? shown : '[]', shown]);
});
