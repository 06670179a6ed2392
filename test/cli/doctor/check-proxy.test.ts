import { expect, test } from 'vitest';
import { runDoctor } from '../../support/cli.js';
import { matomoOnWire } from '../../support/fault-proxy.js';
import { startHttpProxy } from '../../support/http-proxy.js';

test('a proxy of the environment is named without its password, and used', async () => {
  const { inspector } = await matomoOnWire();
  const proxy = await startHttpProxy(inspector.url);
  const env = {
    MATOMO_URL: 'http://matomo.test',
    MATOMO_SITE_ID: '1',
    NO_PROXY: 'a.test',
    http_proxy: '',
  };
  const through = await runDoctor({
    ...env,
    no_proxy: 'a.test',
    HTTP_PROXY: `http://user:proxy5ec2e7@127.0.0.1:${proxy.port}`,
  });
  expect(through.about('proxy')[0]?.found).toContain(`http://127.0.0.1:${proxy.port}`);
  expect(through.about('proxy')[0]?.found).toContain('a.test');
  expect(through.about('site')).toMatchObject([{ verdict: 'ok' }]);
  expect(through.output).not.toContain('proxy5ec2e7');
  const wrong = await runDoctor({ ...env, HTTP_PROXY: 'proxy.test:3128' });
  expect(wrong.about('proxy')).toMatchObject([{ verdict: 'problem', code: 'proxy-unusable' }]);
  expect([through.code, wrong.code]).toEqual([0, 1]);
});
