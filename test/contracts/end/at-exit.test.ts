import { expect, test } from 'vitest';
import { runScript } from '../../support/script.js';

test('if Matomo does not answer, hits of a listener of `exit` together take no longer than other waits', async () => {
  const { reported, stderr } = await runScript(
    `start({ shutdownTimeoutMillis: 500 });
    const { trackHit } = require('opentelemetry-matomo');
    process.on('exit', () => {
      const began = performance.now();
      for (let i = 0; i < 50; i++) trackHit({ action_name: 'bye', uid: 'ann' });
      report(performance.now() - began);
    });
    const { server } = await serve();
    server.close();`,
    { answer: { delayMillis: 3_600_000 } },
  );
  expect(reported).toBeLessThan(10_000); // each alone would take 500
  expect(stderr).toMatch(/\[(?:lost-at-shutdown|unconfirmed)\]/);
});

test('many bulks for a slow Matomo delay the end of a process no longer than one', async () => {
  const { reported, stderr } = await runScript(
    `const { stats } = start({ maxExportBatchSize: 1, shutdownTimeoutMillis: 1500 });
    const { trackHit } = require('opentelemetry-matomo');
    const { server } = await serve();
    for (let i = 0; i < 40; i++) trackHit({ action_name: 'job', uid: 'ann' });
    while (stats().tracked === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    server.close();
    process.on('exit', () => report(stats()));`,
    { answer: { delayMillis: 700 } },
  );
  const { tracked, lost } = reported;
  expect(tracked).toBeLessThan(20);
  expect(tracked + lost.shutdown + lost.unconfirmed).toBe(40);
  expect(stderr).toContain('[lost-at-shutdown]');
});

test('more hits than a call can have arguments are counted when Matomo is down', async () => {
  const { reported } = await runScript(
    `const { stats } = start({ url: 'http://127.0.0.1:9', tokenAuth: 'f'.repeat(32), maxQueueSize: 100_000 });
    for (let i = 0; i < 50_000; i++) trackEvent('a', 'b', { cid: '0123456789abcdef' });
    process.on('exit', () => report(stats()));
    process.exit();`,
    { flags: ['--stack-size=300'] },
  );
  const { hits, pending, tracked, lost } = reported;
  const counted = Object.values<number>(lost).reduce((sum, each) => sum + each, pending + tracked);
  expect([hits, counted]).toEqual([50_000, 50_000]);
});

test('after a shutdown whose only attempt is redirected, hits are lost, for a reason that is logged', async () => {
  const { reported, stderr } = await runScript(
    `const { shutdown, stats } = start({ shutdownTimeoutMillis: 60_000 });
    trackEvent('a', 'b', { uid: 'ann' });
    await shutdown();
    report(stats());`,
    { answer: { status: 302 } },
  );
  expect(reported).toMatchObject({ pending: 0, lost: { shutdown: 1 } });
  expect(stderr).toMatch(
    /confirmed 1 hit \(Matomo answered with status 302.* Set url to an address/,
  );
});

test('after a signal, a flush that Matomo does not answer delays the end no longer than a shutdown', async () => {
  const { reported } = await runScript(
    `start({ shutdownTimeoutMillis: 300 });
    const { server, url } = await serve((request, response) => {
      if (request.url === '/slow') setTimeout(() => response.end(), 900);
      else response.end();
    });
    await get(url + '/queued');
    const slow = get(url + '/slow');
    process.on('SIGTERM', () => server.close());
    process.kill(process.pid, 'SIGTERM');
    let isLate = false;
    setTimeout(() => (isLate = true), 5000).unref();
    process.on('exit', () => report(isLate ? 'waited for the flush' : 'ended'));
    await slow;`,
    { answer: { delayMillis: 3_600_000 } },
  );
  expect(reported).toBe('ended');
});
