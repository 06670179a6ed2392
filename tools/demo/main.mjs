// `npm run demo`: sends 420 requests to the example shop and shows what Matomo stores. Matomo is the inspector, or your own
// if MATOMO_URL is set.
import { createRequire } from 'node:module';
import { setUp } from '../../scripts/setup.mjs';
import { renderScreen } from './screen.mjs';
import { sendTraffic } from './send-traffic.mjs';
import { startShop } from './shop.mjs';
import {
  readAnswers,
  readHits,
  toAudience,
  toBalance,
  toChatbots,
  toEndpoints,
  toExtras,
  toIgnored,
  toTimings,
} from './statistics.mjs';
import { createPaint, createProgress } from './terminal.mjs';
import { planTraffic } from './traffic.mjs';

const { stdout } = process;
const say = (text) => console.log(text);
const paint = createPaint(stdout.isTTY && !process.env.NO_COLOR);
const OWN_SERVICE = 'node --require opentelemetry-matomo/register app.js';

process.once('SIGTERM', () => process.exit(143)); // so that the shop ends too

if (!(await setUp(say))) {
  say('The demo could not be set up. The reason is above.');
  process.exit(1);
}
await (process.env.MATOMO_URL ? runWithMatomo() : runWithInspector());

async function runWithInspector() {
  const { startInspector } = await import('opentelemetry-matomo/testing');
  const { TIMINGS } = createRequire(import.meta.url)('../../examples/shop/report.js');
  const inspector = await startInspector();
  say(`The inspector, which behaves like Matomo's tracker, listens on ${inspector.url}.`);
  const clients = planTraffic();
  await runShop(clients, { MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1' });

  const hits = inspector.hits().filter(({ verdict }) => verdict !== 'ai_chatbot');
  const aiRequests = inspector.aiRequests();
  const requests = readHits(hits);
  const steps = clients.flatMap((client) => client.steps);
  const ignored = toIgnored(steps);
  const balance = toBalance(steps, [
    ...requests,
    ...aiRequests.map(({ name }) => ({ title: name })),
  ]);
  const chatbots = toChatbots(aiRequests);
  const endpoints = toEndpoints(requests);
  const timings = toTimings(hits, TIMINGS);
  const audience = toAudience(hits);
  const extras = toExtras(hits);
  const title = 'What Matomo stored';
  const facts = { title, endpoints, timings, chatbots, audience, extras, ignored, balance };
  say(`\n${renderScreen(facts, paint)}\n`);
  process.exitCode = balance.missing === 0 && balance.surplus === 0 ? 0 : 1;

  say('To use your own Matomo:');
  say('  export MATOMO_URL=https://matomo.example.org MATOMO_SITE_ID=1');
  say(`  ${'npm run demo'.padEnd(OWN_SERVICE.length)}   # these requests`);
  say(`  ${OWN_SERVICE}   # your own service`);
  if (!stdout.isTTY) return inspector.close();
  say(
    `The inspector keeps running: open ${inspector.url} to see every hit. Press Ctrl-C to end it.`,
  );
  process.once('SIGINT', () => void inspector.close());
}

/** Sends to a real Matomo. Its database cannot be read here, so the screen shows what the clients saw. */
async function runWithMatomo() {
  const { MATOMO_URL, MATOMO_SITE_ID = '1' } = process.env;
  const clients = planTraffic();
  const answers = await runShop(clients, { MATOMO_URL, MATOMO_SITE_ID });
  const endpoints = toEndpoints(readAnswers(answers));
  const title = `What the clients saw. Expect the same in site ${MATOMO_SITE_ID} of ${MATOMO_URL}`;
  say(`\n${renderScreen({ title, endpoints, timings: [], chatbots: [] }, paint)}\n`);
  say('In Matomo: Visitors > Visits Log, and Behaviour > Page titles and Performance.');
  say('AI chatbots, in Matomo 5.8 and later: AI Insights.');
  say('If Matomo rejected hits or was unavailable, a line above says why.');
  say('To track your own service with the same two variables:');
  say(`  ${OWN_SERVICE}`);
}

async function runShop(clients, env) {
  const shop = await startShop({ ...env, OTEL_NODE_RESOURCE_DETECTORS: 'none' });
  say(
    `examples/shop listens on ${shop.url}, started with --require opentelemetry-matomo/register.`,
  );
  const total = clients.reduce((sum, { steps }) => sum + steps.length, 0);
  const answers = await sendTraffic(
    shop.url,
    clients,
    createProgress(stdout, 'Sending requests', total),
  );
  await shop.stop();
  return answers;
}
