// `node scripts/screenshots.mjs`: writes the images of the inspector's page to docs/images, using the requests of the demo.
import { mkdirSync, statSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sendTraffic } from '../tools/demo/send-traffic.mjs';
import { startShop } from '../tools/demo/shop.mjs';
import { planTraffic } from '../tools/demo/traffic.mjs';
import { HOW_TO_GET_CHROMIUM, hasChromium, launchChromium } from './chromium.mjs';
import { setUp } from './setup.mjs';

const FOLDER = fileURLToPath(new URL('../docs/images/', import.meta.url));
const WIDE = { width: 1180, height: 580 };
const PHONE = { width: 360, height: 740 };

if (!hasChromium) {
  console.error(HOW_TO_GET_CHROMIUM);
  process.exit(1);
}
if (!(await setUp(console.log))) process.exit(1);
mkdirSync(FOLDER, { recursive: true });
const { startInspector } = await import('opentelemetry-matomo/testing');
const inspector = await startInspector();
const browser = await launchChromium();
const pages = {
  'inspector-light': await openPage('light', WIDE),
  'inspector-dark': await openPage('dark', WIDE),
  'inspector-phone': await openPage('light', PHONE),
};
const shop = await startShop({
  MATOMO_URL: inspector.url,
  MATOMO_SITE_ID: '1',
  MATOMO_SCHEDULE_DELAY: '300',
  OTEL_NODE_RESOURCE_DETECTORS: 'none',
});
await sendTraffic(shop.url, planTraffic());
await shop.stop();
await fetch(`${inspector.url}/matomo.php`, { method: 'POST', body: invalidHits() });
await wait(1500); // until the second in which the last hits arrived is over
await pages['inspector-light'].locator('#hits .link').nth(5).click();
for (const [name, page] of Object.entries(pages)) {
  const path = `${FOLDER}${name}.png`;
  await page.screenshot({ path });
  console.log(`docs/images/${name}.png, ${Math.ceil(statSync(path).size / 1024)} KiB`);
}
await browser.close();
await inspector.close();

async function openPage(colorScheme, viewport) {
  const page = await browser.newPage({ colorScheme, viewport });
  await page.goto(inspector.url);
  return page;
}

/** Mistakes of another client: an unknown site, an address without a token, a bot. */
function invalidHits() {
  const common = 'rec=1&action_name=Import&ua=importer/1.0';
  return JSON.stringify({
    requests: [
      `?idsite=0&${common}`,
      `?idsite=1&cip=192.0.2.7&${common}`,
      `?idsite=1&cip=192.0.2.7&${common}`,
      '?idsite=1&rec=1&action_name=GET%20/items&ua=Googlebot/2.1',
    ],
  });
}
