// The files and functions of src that one GET crosses until its hit is queued, and until it is sent: node tools/one-request.mjs [--list]
// Run `npm run build` before. V8's precise coverage counts calls; functions without a name are counted, too.
import { createServer, get } from 'node:http';
import { Session } from 'node:inspector/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { start } from '../build/index.js';

/** The run with the fewest functions counts: in the others, something was not remembered, such as the text of a duration. */
const RUNS = 25;

const matomo = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.end('{"status":"success","tracked":1,"invalid":0}'));
});
Object.defineProperty(matomo, Symbol.for('opentelemetry-matomo.untracked'), { value: true });
const matomoUrl = await listen(matomo);
const handle = start({ url: `${matomoUrl}/matomo.php`, siteId: 1, scheduledDelayMillis: 600_000 });
const app = createServer((_request, response) => response.end('ok'));
const appUrl = await listen(app);

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

const runs = [];
for (let i = 0; i < RUNS; i++) runs.push(await track());
const [{ untilQueued, untilSent }] = runs.sort((a, b) => a.untilSent.length - b.untilSent.length);
print('until it is queued', untilQueued);
print('until it is sent', untilSent);
await handle.shutdown();
app.close().closeAllConnections();
matomo.close().closeAllConnections();
session.disconnect();

async function listen(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

/** The functions of one GET. */
async function track() {
  await sleep(10); // what follows the answer to the one before
  await called(); // resets the counts
  await visit();
  const untilQueued = await called();
  if (handle.stats().pending !== 1) throw new Error('The hit was queued too late. Try again.');
  await called(); // this script has asked for counts
  await handle.forceFlush();
  return { untilQueued, untilSent: [...untilQueued, ...(await called())] };
}

/** Until the response is read, and one turn of the event loop later: the request ends in it. */
function visit() {
  const headers = { 'user-agent': 'curl/8.5.0', 'accept-language': 'sv' };
  return new Promise((resolve, reject) => {
    get(`${appUrl}/users/42?page=2`, { headers }, (response) => {
      response.resume().on('end', () => setImmediate(resolve));
    }).on('error', reject);
  });
}

/** Each function of the package that was called since the last time. */
async function called() {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  return result
    .filter(({ url }) => url.includes('/build/'))
    .flatMap(({ url, functions }) =>
      functions
        .filter(
          ({ ranges: [range], functionName }) => range.count > 0 && !isModule(range, functionName),
        )
        .map(({ functionName, ranges: [range] }) => ({
          file: url.replace(/.*\/build\//, ''),
          name: functionName || `(anonymous at ${range.startOffset})`,
          key: `${url} ${range.startOffset}`,
        })),
    );
}

/** The code of a module itself. */
function isModule({ startOffset }, name) {
  return startOffset === 0 && name === '';
}

function print(when, functions) {
  const files = new Set(functions.map(({ file }) => file));
  const count = new Set(functions.map(({ key }) => key)).size;
  console.log(`${when}: ${files.size} files, ${count} functions`);
  if (!process.argv.includes('--list')) return;
  for (const file of files) {
    const names = functions.filter((each) => each.file === file).map(({ name }) => name);
    console.log(`  ${file}: ${[...new Set(names)].join(', ')}`);
  }
}
