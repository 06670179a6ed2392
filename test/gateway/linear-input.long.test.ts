import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { UnreadableExport } from '../../src/gateway/otlp/exported-span.js';
import { findFormat, type OtlpFormat } from '../../src/gateway/otlp/formats.js';
import { Assembler } from '../../src/gateway/traces/assembler.js';
import { toReceivedSpans } from '../../src/gateway/traces/received-span.js';
import { normalize } from '../../src/gateway/traces/to-request.js';
import type { HttpRequest } from '../../src/hit/http-request.js';
import { createRequestReading, readRequest } from '../../src/request/read-request.js';
import { addEvents, addRequest, type RequestReceiver } from '../../src/spans/assemble-requests.js';
import { createBuildHit, HIT_OPTIONS } from '../support/builders.js';
import { ROOT } from '../support/child-process.js';
import { readAll } from '../support/gateway.js';
import { excessOf, GROWTH } from '../support/linear-input.js';

// Of texts, test/system/linear-input.long.test.ts has rows: this is what a gateway does before it reads one. The table says why each is linear.
const { HOSTILE_BODIES, hostileBody } = (await import(
  pathToFileURL(join(ROOT, 'test/support/hostile-bodies.mjs')).href
)) as {
  HOSTILE_BODIES: Readonly<Record<string, object>>;
  hostileBody(name: string, mebibytes: number): { body: Buffer; type: string; status: number };
};

const reading = createRequestReading(
  { ...HIT_OPTIONS, trustProxy: true, assumeHttps: false },
  { warnOnce: () => undefined },
);

test.each(Object.keys(HOSTILE_BODIES))('%s', { timeout: 180_000 }, (name) => {
  const [small, large] = [hostileBody(name, MEBIBYTES), hostileBody(name, GROWTH * MEBIBYTES)];
  const characters = large.body.length;
  const calls = { small: () => readExport(small), large: () => readExport(large), characters };
  expect(excessOf(calls)).toBeLessThan(1);
});

function decode(type: string, body: Buffer): Parameters<Assembler['add']>[0] {
  const { resources } = readAll(findFormat(type) as OtlpFormat, body, true);
  return toReceivedSpans(resources, body.length).spans;
}

/** All that becomes of an export, up to the hits. */
function readExport({ body, type, status }: ReturnType<typeof hostileBody>): void {
  try {
    pass(decode(type, body));
    expect(status).toBe(200);
  } catch (error) {
    expect(error).toBeInstanceOf(UnreadableExport);
    expect(status).toBe(400);
  }
}

function pass(spans: Parameters<Assembler['add']>[0]): void {
  const requests: HttpRequest[] = [];
  const end: RequestReceiver['end'] = (request) => {
    const http = readRequest(request, reading);
    if (http) requests.push(http);
  };
  const lose = (error: unknown) => {
    throw error;
  };
  const maker: RequestReceiver = { reading, end, addHit: () => undefined, lose };
  const assembler = new Assembler(0, {
    hasRoom: () => true,
    addRequest: (group) => addRequest(() => normalize(group, true), maker),
    addEvents: (left) => addEvents(left, maker),
  });
  assembler.add(spans);
  assembler.passAll();
  for (const request of requests.slice(0, MAX_HITS)) createBuildHit(HIT_OPTIONS)(request);
}

/** Each hit is made by itself, with options of its own: some of them say enough. */
const MAX_HITS = 100;
const MEBIBYTES = 0.5;
