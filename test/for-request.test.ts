import { expect, test } from 'vitest';
import { forRequest } from '../src/index.js';
import { runNode } from './support/child-process.js';
import { captureOutput } from './support/output.js';
import { matomo, REGISTER } from './support/registered-app.js';

// The first one: what has tracked in this process still counts calls that come after its shutdown.
test('without tracking forRequest does nothing and logs nothing', async () => {
  const output = captureOutput();
  const { annotate, ignore, measure, trackEvent } = forRequest({});
  annotate({ dimension1: 'x' });
  ignore();
  trackEvent('a', 'b');
  expect(measure('pf_srv', () => 5)).toBe(5);
  for (const invalid of [undefined, null, 1, 'text', () => 1])
    forRequest(invalid as never).ignore();
  expect(output).toEqual([]);
});

test('forRequest does not keep the request in memory', async () => {
  const code = `
    const { createServer, get } = require('node:http');
    const { forRequest } = require('opentelemetry-matomo');
    const visits = [];
    const requests = [];
    const server = createServer((request, response) => {
      visits.push(forRequest(request));
      requests.push(new WeakRef(request));
      response.end();
    }).listen(0, '127.0.0.1', () => {
      get({ port: server.address().port, agent: false }).on('close', wait);
    });
    function wait() {
      gc();
      if (requests[0].deref()) return setTimeout(wait, 20);
      visits[0].trackEvent('Job', 'done');
      process.exit();
    }`;
  const { inspector, env } = await matomo();
  const { stderr } = await runNode(['--expose-gc', ...REGISTER, '--eval', code], { env });
  expect(stderr).toBe('');
  expect(inspector.hits().map(({ params }) => params.e_c)).toEqual([undefined, 'Job']);
});
