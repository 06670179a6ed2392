import { expect, test } from 'vitest';
import { REGISTER, titles } from '../support/registered-app.js';
import { runScript } from '../support/script.js';

test('privacy options of code that comes later hold for the requests after it', async () => {
  const { inspector, reported } = await runScript(
    `const { server, url } = await serve();
    await get(url + '/before?who=ann');
    const handle = start({ query: 'strip' });
    await get(url + '/after?who=ann');
    server.close();
    await handle.shutdown();
    report(handle.stats().tracked);`,
    { flags: REGISTER, env: { MATOMO_QUERY: 'keep' } },
  );
  expect(reported).toBe(1);
  expect(inspector.hits().map(({ params }) => new URL(String(params.url)).search)).toEqual([
    '?who=ann',
    '',
  ]);
});

test('enabled: false of code that comes later ends tracking, also of an open request', async () => {
  const { inspector, reported, stderr } = await runScript(
    `let answer;
    const { server, url } = await serve((request, response) => {
      if (request.url === '/open') answer = () => response.end('ok');
      else response.end('ok');
    });
    await get(url + '/before');
    const open = get(url + '/open');
    await new Promise((resolve) => server.once('request', resolve));
    const handle = start({ enabled: false });
    answer();
    await open;
    await get(url + '/after');
    trackEvent('Shop', 'after');
    server.close();
    await handle.shutdown();
    report('ended');`,
    { flags: REGISTER },
  );
  expect(reported).toBe('ended');
  expect(titles(inspector)).toEqual(['GET /before']);
  expect(stderr).not.toMatch(/-error|not-started|started-twice/);
});
