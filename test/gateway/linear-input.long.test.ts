import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { UnreadableExport } from '../../src/gateway/otlp/exported-span.js';
import { findFormat, type OtlpFormat } from '../../src/gateway/otlp/formats.js';
import { Assembler } from '../../src/gateway/traces/assembler.js';
import { toReceivedSpans } from '../../src/gateway/traces/received-span.js';
import { normalize } from '../../src/gateway/traces/to-request.js';
import type { HttpRequest } from '../../src/hit/http-request.js';
import { createRequestReading } from '../../src/request/read-request.js';
import { addEvents, addRequest, type Hitmaker } from '../../src/spans/assemble-requests.js';
import { HIT_OPTIONS, hitsOf } from '../support/builders.js';
import { ROOT } from '../support/child-process.js';
import { excessOf, GROWTH } from '../support/linear-input.js';
import { exportRequest, otlpSpan, SERVER } from '../support/otlp-spans.js';

// Every expression and loop that sees what exporters send, found by reading each file of src/gateway, and what it calls of
// src/request, src/spans and src/hit, for /…/, replace, split, matchAll, for and while. Each entry of the two tables of
// test/support/hostile-bodies.mjs aims at one of them and says why it is linear.
const { HOSTILE_BODIES, HOSTILE_TEXTS, hostileBody } = (await import(
  pathToFileURL(join(ROOT, 'test/support/hostile-bodies.mjs')).href
)) as {
  HOSTILE_BODIES: Readonly<Record<string, { readonly why: string }>>;
  HOSTILE_TEXTS: Readonly<Record<string, HostileText>>;
  hostileBody(name: string, mebibytes: number): { body: Buffer; type: string; status: number };
};

interface HostileText {
  readonly why: string;
  readonly attribute: string;
  readonly isPython?: boolean;
  text(characters: number): string;
}

const reading = createRequestReading(
  { ...HIT_OPTIONS, trustProxy: true, assumeHttps: false },
  { warnOnce: () => undefined },
);

test.each(rowsOf(HOSTILE_BODIES))('$name: $why', { timeout: 180_000 }, ({ name, why }) => {
  expect(why).not.toBe('');
  const [small, large] = [hostileBody(name, MEBIBYTES), hostileBody(name, GROWTH * MEBIBYTES)];
  const characters = large.body.length;
  const calls = { small: () => readExport(small), large: () => readExport(large), characters };
  expect(excessOf(calls)).toBeLessThan(1);
});

test.each(rowsOf(HOSTILE_TEXTS))(
  'one text that is not cut, $name: $why',
  { timeout: 180_000 },
  (given) => {
    const [small, large] = [given.text(TEXT_CHARACTERS), given.text(GROWTH * TEXT_CHARACTERS)];
    const run = (text: string) => () => readText(given, text);
    const calls = { small: run(small), large: run(large), characters: large.length };
    expect(excessOf(calls)).toBeLessThan(1);
  },
);

function rowsOf<T>(table: Readonly<Record<string, T>>): (T & { readonly name: string })[] {
  return Object.entries(table).map(([name, row]) => ({ name, ...row }));
}

function decode(type: string, body: Buffer): Parameters<Assembler['add']>[0] {
  const { read } = findFormat(type) as OtlpFormat;
  return toReceivedSpans(
    read(body, () => true),
    body.length,
  ).spans;
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
  const maker: Hitmaker = {
    reading,
    addAssembled: ({ request }) => void requests.push(request.http),
    addHit: () => undefined,
    lose: (error) => {
      throw error;
    },
  };
  const assembler = new Assembler(0, {
    hasRoom: () => true,
    addRequest: (group) => addRequest(() => normalize(group, true), maker),
    addEvents: (left) => addEvents(left, maker),
  });
  assembler.add(spans);
  assembler.passAll();
  makeHits(requests);
}

function readText({ attribute, isPython = false }: HostileText, text: string): void {
  const span = otlpSpan({ 'http.request.method': 'GET', [attribute]: text }, { kind: SERVER });
  const resource = { 'telemetry.sdk.language': isPython ? 'python' : 'nodejs' };
  const body = Buffer.from(exportRequest([span], resource));
  const spans = decode('application/json', body);
  expect(spans).toHaveLength(1);
  pass(spans);
}

function makeHits(requests: readonly HttpRequest[]): void {
  for (const request of requests.slice(0, MAX_HITS)) hitsOf(request);
}

/** Each hit is made by itself, with options of its own: some of them say enough. */
const MAX_HITS = 100;
const MEBIBYTES = 0.5;
const TEXT_CHARACTERS = 16_384;
