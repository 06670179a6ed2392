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
  [{ prot: 8080 }, 'prot', '8080', 'port'],
  [{ port: 65_536 }, 'port', '65536'],
  [{ sites: { shop: {} } }, 'sites', 'shop'],
  [{ sites: { 1: { dimension: [3] } } }, '"dimension" of sites["1"]', '[3]', 'dimensions'],
  [{ dimensions: [0] }, 'dimensions', '0'],
])('startInspector(%j) is rejected', async (options, ...parts) => {
  await expect(startInspector(options as InspectorOptions)).rejects.toEqual(errorWith(...parts));
});

test.each<[unknown, ...string[]]>([
  [{ code: 503 }, 'code', '503', 'status'],
  [{ times: 0 }, 'times', '0'],
])('play(%j) throws, and the tracker answers as before', async (answer, ...parts) => {
  const inspector = await start();
  inspector.play({ status: 503 });
  expect(() => inspector.play(answer as object)).toThrow(errorWith(...parts));
  expect((await fetch(`${inspector.url}/matomo.php`)).status).toBe(503);
});

test.each<[unknown, unknown, ...string[]]>([
  [0, undefined, 'count', '0'],
  [1, { timeout: 500 }, 'timeout', '500', 'timeoutMillis'],
])('waitForHits(%j, %j) is rejected', async (count, options, ...parts) => {
  const inspector = await start();
  const wait = inspector.waitForHits(count as number, options as object);
  await expect(wait).rejects.toEqual(errorWith(...parts));
});
