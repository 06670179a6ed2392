// Does the inspector keep up? Bulks of hits at a steady pace into `inspect`, with its page open: how late hits are on the
// page, and what both hold. Without Chromium only the inspector itself is measured.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { HOW_TO_GET_CHROMIUM, hasChromium, launchChromium } from '../../scripts/chromium.mjs';
import { spread, table } from './lib/figures.mjs';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '20' },
  },
});
const rate = Number(values.rate);
const seconds = Number(values.seconds);
const BULK = 100;
const MAX_IN_FLIGHT = 16;
const MEBIBYTE = 1024 ** 2;

const inspector = spawn(process.execPath, ['dist/esm/cli/main.js', 'inspect', '--port', '0'], {
  cwd: new URL('../..', import.meta.url),
  stdio: ['ignore', 'pipe', 'inherit'],
});
const [first] = await once(inspector.stdout, 'data');
const [url] = /http:\/\/[\d.]+:\d+/.exec(String(first));
inspector.stdout.resume();
const browser = hasChromium ? await launchChromium() : undefined;
const page = await browser?.newPage();
await page?.goto(url);
const session = await page?.context().newCDPSession(page);
await session?.send('Performance.enable', { timeDomain: 'threadTicks' });

console.log(`${rate} hits a second for ${seconds} s, in bulks of ${BULK}`);
const start = performance.now();
let sent = 0;
const answers = [];
const late = [];
const inFlight = new Set();
let isDone = false;
const watching = page && watchPage();
while (performance.now() - start < seconds * 1000) {
  const due = Math.floor(((performance.now() - start) / 1000) * rate) - sent;
  if (due < BULK || inFlight.size >= MAX_IN_FLIGHT) {
    await wait(1);
    continue;
  }
  const sending = send(toBulk(sent)).finally(() => inFlight.delete(sending));
  inFlight.add(sending);
  sent += BULK;
}
await Promise.all(inFlight);
const took = (performance.now() - start) / 1000;
isDone = true;
await watching;
const rows = [
  ['', ''],
  ['CPU of the inspector', `${Math.round((cpuSeconds(inspector.pid) / took) * 100)} % of a core`],
  ['sent', `${sent} hits, ${Math.round(sent / took)} a second`],
  ['answer to a bulk', `${spread(answers, 1)} ms`],
  [
    'resident memory of the inspector',
    `${Math.round(residentBytes(inspector.pid) / MEBIBYTE)} MiB`,
  ],
];
if (page) rows.push(...(await measurePage()));
console.log(table(rows));
if (!browser) console.log(HOW_TO_GET_CHROMIUM);
await browser?.close();
inspector.kill('SIGINT');

async function send(body) {
  const before = performance.now();
  await fetch(`${url}/matomo.php`, { method: 'POST', body });
  answers.push(performance.now() - before);
}

/** Asks the page now and then how many hits it has, and tells how long ago so many were sent. */
async function watchPage() {
  while (!isDone) {
    await wait(250);
    const behind = sent - (await totalOf(page));
    late.push((behind / rate) * 1000);
  }
}

async function totalOf(shown) {
  const text = await shown.locator('#summary').textContent();
  return Number.parseInt(text.replaceAll(',', ''), 10) || 0;
}

async function measurePage() {
  const end = performance.now();
  while ((await totalOf(page)) < sent) {
    if (performance.now() - end > 30_000) break;
    await wait(20);
  }
  const caughtUp = performance.now() - end;
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const { TaskDuration, JSHeapUsedSize, Nodes } = Object.fromEntries(
    metrics.map(({ name, value }) => [name, value]),
  );
  return [
    ['hits behind on the page, as time', `${spread(late.slice(4), 0)} ms`],
    ['the page has all after', `${Math.round(caughtUp)} ms`],
    ['summary on the page', await page.locator('#summary').textContent()],
    [
      'CPU of the main thread of the page',
      `${Math.round((TaskDuration / took) * 100)} % of a core`,
    ],
    ['heap of the page', `${Math.round(JSHeapUsedSize / MEBIBYTE)} MiB`],
    ['nodes of the page', String(Nodes)],
  ];
}

function toBulk(from) {
  const requests = Array.from({ length: BULK }, (_, i) => {
    const n = from + i;
    return `?${new URLSearchParams({
      idsite: '1',
      rec: '1',
      apiv: '1',
      bots: '1',
      action_name: `GET /items/${n % 40}/:id`,
      url: `https://shop.example/items/${n % 40}/${n}`,
      urlref: 'https://search.example/',
      ua: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
      lang: 'de-DE,de;q=0.8',
      cid: (n % 500).toString(16).padStart(16, '0'),
      gt_ms: String(n % 300),
      pf_srv: String(n % 300),
      pf_dm1: String(n % 30),
      cvar: JSON.stringify({ 1: ['http_status_code', n % 20 === 0 ? '503' : '200'] }),
    })}`;
  });
  return JSON.stringify({ requests });
}

/** Linux only, as `residentBytes`; in ticks of 10 ms. */
function cpuSeconds(pid) {
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .split(') ')[1]
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) / 100;
}

function residentBytes(pid) {
  const [, kibibytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}
