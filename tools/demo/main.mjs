// `npm run demo`: sends some hundred requests to the example shop, and shows what Matomo then knows. Matomo is a
// local inspector; with MATOMO_URL set it is yours.
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
  toTimings,
} from './statistics.mjs';
import { createPaint, createProgress } from './terminal.mjs';
import { planTraffic } from './traffic.mjs';

const { stdout } = process;
const say = (text) => console.log(text);
const paint = createPaint(stdout.isTTY && !process.env.NO_COLOR);
const OWN_SERVICE = 'node --require opentelemetry-matomo/register app.js';

process.once('SIGTERM', () => process.exit(143)); // so that the shop ends as well

if (!(await setUp(say))) {
  say('The demo could not be set up; the reason is above.');
  process.exit(1);
}
await (process.env.MATOMO_URL ? runWithMatomo() : runWithInspector());

async function runWithInspector() {
  const { startInspector } = await import('opentelemetry-matomo/testing');
  const { TIMINGS } = createRequire(import.meta.url)('../../examples/shop/report.js');
  const inspector = await startInspector();
  say(`The inspector listens on ${inspector.url}. Open it in a browser to watch.`);
  const clients = planTraffic();
  await runShop(clients, { MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1' });

  const hits = inspector.hits().filter(({ verdict }) => verdict !== 'ai_chatbot');
  const aiRequests = inspector.aiRequests();
  const requests = readHits(hits);
  const balance = toBalance(
    clients.flatMap(({ steps }) => steps),
    [...requests, ...aiRequests.map(({ name }) => ({ title: name }))],
  );
  const chatbots = toChatbots(aiRequests);
  const endpoints = toEndpoints(requests);
  const timings = toTimings(hits, TIMINGS);
  const audience = toAudience(hits);
  const extras = toExtras(hits);
  const title = 'What Matomo knows now';
  const facts = { title, endpoints, timings, chatbots, audience, extras, balance };
  say(`\n${renderScreen(facts, paint)}\n`);
  process.exitCode = balance.missing === 0 && balance.surplus === 0 ? 0 : 1;

  say('Into your own Matomo:');
  say('  export MATOMO_URL=https://matomo.example.org MATOMO_SITE_ID=1');
  say(`  ${'npm run demo'.padEnd(OWN_SERVICE.length)}   # these requests`);
  say(`  ${OWN_SERVICE}   # your own service`);
  if (!stdout.isTTY) return inspector.close();
  say(`The inspector keeps running: open ${inspector.url} to look at every hit. Ctrl-C ends it.`);
  process.once('SIGINT', () => void inspector.close());
}

/** Into a real Matomo, whose database is out of reach: the screen shows what the clients saw. */
async function runWithMatomo() {
  const { MATOMO_URL, MATOMO_SITE_ID = '1' } = process.env;
  const clients = planTraffic();
  const answers = await runShop(clients, { MATOMO_URL, MATOMO_SITE_ID });
  const endpoints = toEndpoints(readAnswers(answers));
  const title = `What the clients saw, and site ${MATOMO_SITE_ID} of ${MATOMO_URL} should show`;
  say(`\n${renderScreen({ title, endpoints, timings: [], chatbots: [] }, paint)}\n`);
  say('In Matomo: Visitors > Visits Log, and Behaviour > Page titles and Performance.');
  say('Requests by AI chatbots, in 5.8 and later: AI Insights.');
  say('If Matomo rejected something or was unavailable, a line above reports it.');
  say('Your own service, with the same two variables:');
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
