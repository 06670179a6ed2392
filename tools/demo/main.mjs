// `npm run demo`: sends 448 requests to the example shop and shows what Matomo stores. Matomo is the inspector, or your own
// if MATOMO_URL is set.
import { setUp } from '../../scripts/setup.mjs';
import { compare, describeOthers, formatRequests, readAnswers, readStored } from './result.mjs';
import { sendTraffic } from './send-traffic.mjs';
import { startShop } from './shop.mjs';
import { planTraffic } from './traffic.mjs';

const { stdout } = process;
const say = (text) => console.log(text);
/** As `setup` numbers them on a new site. */
const DIMENSIONS =
  '1=matomo.failed_endpoint,2=http.response.status_code,3=http.request.method,4=http.route';
const OWN_SERVICE = 'node --import opentelemetry-matomo/register app.js';

process.once('SIGTERM', () => process.exit(143)); // so that the shop ends too

if (!(await setUp(say))) {
  say('The demo could not be set up. The reason is above.');
  process.exit(1);
}
await (process.env.MATOMO_URL ? runWithMatomo() : runWithInspector());

async function runWithInspector() {
  const { startInspector } = await import('opentelemetry-matomo/testing');
  const inspector = await startInspector();
  say(`The inspector, which answers as Matomo's tracker does, listens on ${inspector.url}.`);
  const clients = planTraffic();
  await runShop(clients, {
    MATOMO_URL: inspector.url,
    MATOMO_SITE_ID: '1',
    MATOMO_TOKEN_AUTH: 'any',
    MATOMO_DIMENSIONS: DIMENSIONS,
  });

  const hits = inspector.hits();
  const steps = clients.flatMap((client) => client.steps);
  const stored = readStored(hits);
  const { isRight, text } = compare(steps, stored);
  say(`\nWhat Matomo stored:\n\n${formatRequests(stored)}\n`);
  say(`${describeOthers(hits, steps)}\n${text}\n`);
  process.exitCode = isRight ? 0 : 1;

  if (stdout.isTTY) say(`Open ${inspector.url} to see every hit. Ctrl-C ends the inspector.\n`);
  say('Next, set MATOMO_URL and MATOMO_SITE_ID to a site in your Matomo, and run:');
  say(`  ${'npx opentelemetry-matomo setup'.padEnd(OWN_SERVICE.length)}   # once`);
  say(`  ${OWN_SERVICE}   # your service`);
  if (!stdout.isTTY) return inspector.close();
  process.once('SIGINT', () => void inspector.close());
}

/** Sends to a real Matomo. Its database cannot be read here, so the screen shows what the clients saw. */
async function runWithMatomo() {
  const { MATOMO_URL, MATOMO_SITE_ID = '1' } = process.env;
  const clients = planTraffic();
  const answers = await runShop(clients, { MATOMO_URL, MATOMO_SITE_ID });
  say(`\nWhat the clients saw. Expect the same in site ${MATOMO_SITE_ID} of ${MATOMO_URL}:`);
  say(`\n${formatRequests(readAnswers(answers))}\n`);
  say('Next, open Visitors > Visits Log and Behaviour > Page titles in Matomo.');
  say('If hits are missing, run: npx opentelemetry-matomo doctor');
  say(`To track your service, run: ${OWN_SERVICE}`);
}

async function runShop(clients, env) {
  const shop = await startShop({ ...env, OTEL_NODE_RESOURCE_DETECTORS: 'none' });
  say(`examples/shop listens on ${shop.url}, started with --import opentelemetry-matomo/register.`);
  say('Sending requests …');
  const answers = await sendTraffic(shop.url, clients);
  await shop.stop();
  return answers;
}
