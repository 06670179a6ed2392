// `npm run demo`: sends 448 requests to the example shop and shows what Matomo stores. Matomo is the inspector, or your own
// if MATOMO_URL is set.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setUp } from '../../scripts/setup.mjs';
import { compare, describeOthers, formatRequests, readAnswers, readStored } from './result.mjs';
import { sendTraffic } from './send-traffic.mjs';
import { startShop } from './shop.mjs';
import { planTraffic } from './traffic.mjs';

const { stdout } = process;
const say = (text) => console.log(text);
const MAIN = fileURLToPath(new URL('../../dist/cjs/cli/main.js', import.meta.url));
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
  say(`The inspector, which behaves like Matomo's tracker, listens on ${inspector.url}.`);
  const environment = await runSetup({ MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1' });
  const clients = planTraffic();
  await runShop(clients, environment);

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

/** Prepares the inspector as a real Matomo. Resolves to the variables that setup prints. */
async function runSetup(target) {
  const env = { ...process.env, ...target, MATOMO_TOKEN_AUTH: 'any' };
  const args = [MAIN, 'setup', '--yes', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  const { plan, environment } = JSON.parse(stdout);
  const names = plan.map(({ name }) => name).join(', ');
  say(`npx opentelemetry-matomo setup created the dimensions ${names}.`);
  return { ...environment, MATOMO_TOKEN_AUTH: env.MATOMO_TOKEN_AUTH };
}

async function runShop(clients, env) {
  const shop = await startShop({ ...env, OTEL_NODE_RESOURCE_DETECTORS: 'none' });
  say(`examples/shop listens on ${shop.url}, started with --import opentelemetry-matomo/register.`);
  say('Sending requests …');
  const answers = await sendTraffic(shop.url, clients);
  await shop.stop();
  return answers;
}
