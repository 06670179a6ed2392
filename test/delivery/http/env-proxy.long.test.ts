import { describe, expect, test } from 'vitest';
import { startServer } from '../../support/child-process.js';
import { matomoOnWire, tlsPath } from '../../support/fault-proxy.js';
import { startHttpProxy } from '../../support/http-proxy.js';
import { sampled } from '../../support/long.js';
import { installNodeBeforeTests } from '../../support/matrix.js';
import { APPS, get, REGISTER, titles } from '../../support/registered-app.js';

describe.each(sampled([24], [22, 24]))('NODE_USE_ENV_PROXY on Node.js %i', (major) => {
  const findNode = installNodeBeforeTests(major);

  test.for<['http' | 'https', 'http' | 'https', string[]]>([
    ['http', 'http', ['POST http://matomo.test/matomo.php']],
    ['https', 'http', ['CONNECT matomo.test:443']],
    ['https', 'https', ['CONNECT matomo.test:443']],
  ])(
    'to %s through an %s proxy, hits go through it once, also at the end',
    async ([target, scheme, expected]) => {
      const certificate = target === 'https' ? 'server' : undefined;
      const { inspector, wire } = await matomoOnWire({}, certificate ? { certificate } : {});
      const proxy = await startHttpProxy(wire.url, scheme);
      const app = await startServer([...REGISTER, `${APPS}/plain-http.cjs`], {
        node: findNode(),
        env: {
          NODE_USE_ENV_PROXY: '1',
          MATOMO_URL: `${target}://matomo.test`,
          MATOMO_SITE_ID: '1',
          MATOMO_SCHEDULE_DELAY: '0',
          HTTP_PROXY: proxy.url,
          HTTPS_PROXY: proxy.url,
          NO_PROXY: '',
          NODE_EXTRA_CA_CERTS: tlsPath('ca.pem'),
        },
      });
      await get(`${app.url}/a`);
      await expect.poll(() => titles(inspector)).toEqual(['GET /a']);
      await get(`${app.url}/b`);
      await app.stop();
      expect(app.stderr()).not.toContain('opentelemetry-matomo');
      expect(titles(inspector)).toEqual(['GET /a', 'GET /b']);
      const asked = proxy.requests().map((request) => `${request.method} ${request.target}`);
      expect([...new Set(asked)]).toEqual(expected);
    },
  );
});
