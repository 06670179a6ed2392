import { unzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { UnreadableExport } from '../../src/gateway/otlp/exported-span.js';
import { findFormat, type OtlpFormat } from '../../src/gateway/otlp/formats.js';
import { eventually } from '../support/child-process.js';
import { readAll, sendSpans, startGateway } from '../support/gateway.js';
import { seededRandom } from '../support/seed.js';
import { bodyHeaders, OTLP_RECORDINGS, otlpRecording } from './otlp-recordings.js';

const MUTATIONS = 2000;
const JSON_TYPE = { 'content-type': 'application/json' };
const PROTOBUF = { 'content-type': 'application/x-protobuf' };

/** Bodies of the recordings, inflated. */
function recordedBodies(type: RegExp): Buffer[] {
  return OTLP_RECORDINGS.flatMap((name) => otlpRecording(name).requests)
    .map(({ headers, body_base64 }) => ({
      body: Buffer.from(body_base64, 'base64'),
      headers: JSON.stringify(bodyHeaders(headers)),
    }))
    .filter(({ headers }) => type.test(headers))
    .map(({ headers, body }) => (/gzip|deflate/.test(headers) ? unzipSync(body) : body));
}

function mutate(body: Buffer, random: () => number): Buffer {
  const copy = Buffer.from(body.subarray(0, random() < 0.3 ? random() * body.length : undefined));
  for (let i = 0; i < 1 + random() * 8; i++)
    copy[Math.floor(random() * copy.length)] = random() * 256;
  return copy;
}

test.each([
  ['protobuf', /x-protobuf/, PROTOBUF],
  ['JSON', /application.json/, JSON_TYPE],
] as const)(
  '%s with bytes changed is decoded or refused, and what is decoded can be put together',
  async (_name, type, headers) => {
    const format = findFormat(headers['content-type']) as OtlpFormat;
    const { gateway } = await startGateway({ beforeSend: () => null, graceMillis: 0 });
    const random = seededRandom();
    const bodies = recordedBodies(type);
    let refused = 0;
    let decoded = 0;
    for (let i = 0; i < MUTATIONS; i++) {
      const body = mutate(bodies[i % bodies.length] as Buffer, random);
      try {
        readAll(format, body, true);
        decoded += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(UnreadableExport);
        refused += 1;
      }
      if (i % 40 > 0) continue;
      const answer = await sendSpans(gateway, body, headers);
      expect([200, 400]).toContain(answer.status);
    }
    expect(Math.min(refused, decoded)).toBeGreaterThan(MUTATIONS / 20);
    await eventually(() => gateway.stats().pendingRequests === 0);
  },
);
