// Requests by people in a process that sends AI chatbots separately, in one that does not, and in one that sends chatbots only:
// `ai-chatbots.mjs <way> <url of the sink> <blocks>`. Sends nanoseconds of CPU for a request, from its announcement to the end
// of its span, without what sending its hit costs later.
import { MatomoSpanProcessor } from 'opentelemetry-matomo';
import { createReplay } from './replay.mjs';
import { createRequests } from './requests.mjs';

const REQUESTS = 500;
const PASSES = 20;
const WARM_UP = 40;
const CHATBOT = 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot';

const WAYS = {
  off: { aiChatbots: 'off' },
  separate: {},
  // By the last of the filters, as `pageViews` comes after all of them.
  ignored: { aiChatbots: 'off', ignorePatterns: [/^\/users\//] },
  chatbotsOnly: { pageViews: false },
  chatbot: {},
};

const [way, url, blocks] = process.argv.slice(2);
const processor = new MatomoSpanProcessor({ url, siteId: 1, tokenAuth: 'bench', ...WAYS[way] });
const requests = createRequests(REQUESTS, 50).map((request) =>
  way === 'chatbot' ? { ...request, userAgent: CHATBOT } : request,
);
const replay = createReplay(processor, requests);

let nanos = Number.POSITIVE_INFINITY;
for (let block = -WARM_UP; block < Number(blocks); block++) {
  const begun = process.cpuUsage();
  for (let pass = 0; pass < PASSES; pass++) replay();
  const { user, system } = process.cpuUsage(begun);
  if (block >= 0) nanos = Math.min(nanos, ((user + system) * 1000) / (REQUESTS * PASSES));
  await processor.forceFlush();
}
const { hits, aiChatbots, ignored } = processor.stats();
process.on('disconnect', () => process.exit());
process.send({ nanos, hits, aiChatbots, ignored: ignored.pattern + ignored.page_views });
