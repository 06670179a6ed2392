import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startServer } from '../../support/child-process.js';
import { startFaultProxy, tlsPath } from '../../support/fault-proxy.js';
import { freePort } from '../../support/free-port.js';
import { startNginx } from '../../support/nginx.js';
import { APPS, get, matomo, REGISTER, titles } from '../../support/registered-app.js';
import { requires } from '../../support/skips.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { read } from './pages.js';

requires('nginx');

const PAGE = read('docs/proxies.md');
const [, withCertificate = ''] = /```nginx\n(server .*?)```/s.exec(PAGE) ?? [];
const [, address = ''] = /listen (.*?);/.exec(withCertificate) ?? [];
const [, toSocket = ''] = /`(proxy_pass http:\/\/unix:.*?)`/.exec(PAGE) ?? [];

/** Sends a hit through a proxy of the page, in which these texts are replaced. */
async function sendThrough(proxy: string, replaced: Readonly<Record<string, string>>) {
  const port = await freePort();
  let server = proxy.replaceAll(address, `127.0.0.1:${port}`);
  for (const [text, by] of Object.entries(replaced)) {
    expect(server).toContain(text);
    server = server.replaceAll(text, by);
  }
  await startNginx(server, port);
  const app = await startServer([...REGISTER, `${APPS}/plain-http.cjs`], {
    env: { MATOMO_URL: `http://127.0.0.1:${port}`, MATOMO_SITE_ID: '1' },
  });
  await get(`${app.url}/users/7`);
  await app.stop();
  expect(app.stderr()).toBe('');
}

test('the proxy of the page presents the client certificate that Matomo requires', async () => {
  expect(PAGE).toContain(`MATOMO_URL=http://${address}`);
  const { inspector } = await matomo();
  const wire = await startFaultProxy({ certificate: 'server', wantsCertificate: true });
  wire.forwardTo(inspector.url);
  await sendThrough(withCertificate, {
    'https://matomo.example.org': wire.url,
    '/etc/ssl/certs/ca-certificates.crt': tlsPath('ca.pem'),
    '/etc/matomo/client.pem': tlsPath('client.pem'),
    '/etc/matomo/client.key': tlsPath('client.key'),
  });
  expect(titles(inspector)).toEqual(['GET /users/:id']);
});

test('the other proxy of the page sends hits to a Unix socket', async () => {
  requires('Unix sockets');
  const folder = temporaryFolder();
  const { inspector } = await matomo();
  const wire = await startFaultProxy({ host: join(folder, 's') });
  wire.forwardTo(inspector.url);
  await sendThrough(`server { listen ${address}; location / { ${toSocket} } }`, {
    '/run/matomo.sock': join(folder, 's'),
  });
  expect(titles(inspector)).toEqual(['GET /users/:id']);
});
