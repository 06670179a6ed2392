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

test('play() throws for an unknown option, and the tracker answers as before', async () => {
  const inspector = await start();
  inspector.play({ status: 503 });
  const error = errorWith('code', '503', 'status');
  expect(() => inspector.play({ code: 503 } as object)).toThrow(error);
  expect((await fetch(`${inspector.url}/matomo.php`)).status).toBe(503);
});

test('waitForHits() rejects for an invalid count and an unknown option', async () => {
  const inspector = await start();
  await expect(inspector.waitForHits(0)).rejects.toEqual(errorWith('count', '0'));
  const wait = inspector.waitForHits(1, { timeout: 500 } as object);
  await expect(wait).rejects.toEqual(errorWith('timeout', '500', 'timeoutMillis'));
});
