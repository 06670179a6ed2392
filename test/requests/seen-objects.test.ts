import { inspect } from 'node:util';
import { trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { forRequest } from '../../src/index.js';
import { captureOutput } from '../support/output.js';
import { startTracedService } from '../support/traced-service.js';

/** As libraries copy objects: properties that are enumerable, also under symbols. */
function deepCopy(value: unknown, copies = new Map<object, unknown>()): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const known = copies.get(value);
  if (known) return known;
  const copy: Record<PropertyKey, unknown> = Object.create(Object.getPrototypeOf(value));
  copies.set(value, copy);
  for (const key of Reflect.ownKeys(value)) {
    const descriptor = Object.getOwnPropertyDescriptor(value, key);
    if (descriptor?.enumerable && 'value' in descriptor)
      copy[key] = deepCopy(descriptor.value, copies);
  }
  return copy;
}

test('who prints or copies objects of Node.js and spans sees nothing of the package, and a copy is no request', async () => {
  const lines = captureOutput();
  const seen: Record<string, object> = {};
  const { visit } = await startTracedService((request, response) => {
    const child = trace.getTracer('own').startSpan('child');
    const { socket } = request;
    Object.assign(seen, { request, response, socket, span: trace.getActiveSpan(), child });
    for (const copy of [{ ...request }, deepCopy(request) as object])
      forRequest(copy).annotate({ dimension1: 'of a copy' });
    forRequest(Object.create(request)).annotate({ dimension2: 'of the request' });
    child.end();
    response.end('ok');
  });
  const [page] = await visit('/');
  expect(page?.params).toMatchObject({ dimension2: 'of the request' });
  expect(page?.params).not.toHaveProperty('dimension1');
  expect(Object.keys(seen)).toHaveLength(5);
  for (const [name, object] of Object.entries(seen)) {
    expect(inspect(object, { depth: 1 }), name).not.toMatch(/matomo/i);
    const copied = Reflect.ownKeys({ ...object }).map(String);
    expect(
      copied.filter((key) => /matomo|^_writeRaw$|^emit$/.test(key)),
      name,
    ).toEqual([]);
  }
  expect(lines.join('')).toMatch(
    /^opentelemetry-matomo: forRequest: the object leads to no request .*\n$/,
  );
});
