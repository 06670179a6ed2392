import { expect, test } from 'vitest';
import { type InspectorOptions, startInspector } from '../../src/inspector/index.js';
import { start } from './inspector-client.js';

/** The error of an option: it names the option, the value and, for an unknown option, a known one. */
function errorWith(...parts: readonly string[]) {
  const inOrder = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*');
  return expect.objectContaining({
    name: 'TypeError',
    code: 'option-invalid',
    message: expect.stringMatching(inOrder),
  });
}

test.each<[unknown, ...string[]]>([
  [null, 'startInspector()', 'null'],
  [{ prot: 8080 }, 'prot', '8080', 'port'],
  [{ port: 65_536 }, 'port', '65536'],
  [{ sites: [{ dimensions: [3] }] }, 'sites', '[{"dimensions":[3]}]'],
  [{ sites: { shop: {} } }, 'sites', 'shop'],
  [{ sites: { 1: { dimension: [3] } } }, '"dimension" of sites["1"]', '[3]', 'dimensions'],
  [{ sites: { 1: { dimensions: 3 } } }, 'sites["1"].dimensions', '3'],
  [{ sites: { 1: { urls: ['shop.example'] } } }, 'sites["1"].urls', '"shop.example"'],
  [{ tokens: { abc: 'writer' } }, 'tokens[…]', '"writer"'],
  [{ tokens: { abc: { role: 'write' } } }, 'tokens[…]', '{"role":"write"}'],
  [{ tokens: { abc: { role: 'write', site: [1] } } }, '"site" of tokens[…]', '[1]', 'sites'],
  [{ matomoVersion: '5.9' }, 'matomoVersion', '"5.9"'],
  [{ spamPrevention: 'on' }, 'opentelemetry-matomo: spamPrevention', '"on"'],
  [{ spamPrevention: { clouds: ['52.94.1'] } }, 'spamPrevention.clouds', '"52.94.1"'],
  [{ spamPrevention: { cloud: [] } }, '"cloud" of spamPrevention', '[]', 'clouds'],
  [{ spamPrevention: { blockHeadless: 'no' } }, 'spamPrevention.blockHeadless', '"no"'],
  [{ dimensions: [0] }, 'dimensions', '0'],
  [{ clock: 5 }, 'clock', '5'],
])('startInspector(%j) is rejected', async (options, ...parts) => {
  await expect(startInspector(options as InspectorOptions)).rejects.toEqual(errorWith(...parts));
});

test('an error does not show tokens', async () => {
  for (const tokens of [['5ecret'], { '5ecret': 'writer' }, { '5ecret': { role: 'writer' } }]) {
    const options = { tokens } as unknown as InspectorOptions;
    const message = await startInspector(options).then(String, String);
    expect(message).toMatch(/TypeError.*tokens(?!.*5ecret)/);
  }
});

test('options that are undefined have their defaults', async () => {
  const inspector = await start({ port: undefined, sites: undefined, host: undefined });
  expect(inspector.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});

test.each<[unknown, ...string[]]>([
  [503, 'play()', '503'],
  [{ code: 503 }, 'code', '503', 'status'],
  [{ body: { status: 'success' } }, 'body', '{"status":"success"}'],
  [{ headers: { 'Retry-After': 1 } }, 'headers["Retry-After"]', '1'],
  [{ headers: { 'Retry After': '1' } }, 'headers["Retry After"]', '"1"'],
  [{ contentType: 'text/html\n' }, 'contentType', '"text/html'],
  [{ delayMillis: 2 ** 31 }, 'delayMillis', '2147483648'],
  [{ times: 0 }, 'times', '0'],
  [{ store: 'yes' }, 'store', '"yes"'],
  [{ disconnect: 'after' }, 'disconnect', '"after"'],
])('play(%j) throws, and the tracker answers as before', async (answer, ...parts) => {
  const inspector = await start();
  inspector.play({ status: 503 });
  expect(() => inspector.play(answer as object)).toThrow(errorWith(...parts));
  expect((await fetch(`${inspector.url}/matomo.php`)).status).toBe(503);
});

test.each<[unknown, unknown, ...string[]]>([
  [0, undefined, 'count', '0'],
  [1, 500, 'waitForHits()', '500'],
  [1, { timeout: 500 }, 'timeout', '500', 'timeoutMillis'],
  [1, { timeoutMillis: -1 }, 'timeoutMillis', '-1'],
])('waitForHits(%j, %j) is rejected', async (count, options, ...parts) => {
  const inspector = await start();
  const wait = inspector.waitForHits(count as number, options as object);
  await expect(wait).rejects.toEqual(errorWith(...parts));
});
