import { expect, test } from 'vitest';
import type { MatomoOptions } from '../../src/index.js';
import { captureOutput } from '../support/output.js';
import { rawRequest, sendRaw, statusOf } from '../support/raw-request.js';
import { seededRandom } from '../support/seed.js';
import { startTracedService } from '../support/traced-service.js';
import { words } from '../support/words.js';

const OPTIONS: MatomoOptions = {
  ...{ tokenAuth: 'writer', trustProxy: true, visitorId: 'cookie', doNotTrack: true },
};

/** Of which any may have any bytes. */
const HEADERS = words(`
  User-Agent Accept-Language Referer Cookie Host X-Forwarded-For X-Forwarded-Host
  X-Forwarded-Proto Forwarded Sec-CH-UA Sec-CH-UA-Platform DNT traceparent
`);

const NOT_HOST = HEADERS.filter((name) => name !== 'Host');

test('no bytes in a header make a request fail', async () => {
  const output = captureOutput();
  const service = await startTracedService((_, response) => response.end(), OPTIONS);
  const values = ['\xff\xfe\xfd', '\xc3\x28', '\xed\xa0\x80', '"'.repeat(400), '%', ',;=, ,', '['];
  const random = seededRandom();
  while (values.length < 40) values.push(randomBytes(random));
  const requests = values.flatMap((value, i) => [
    rawRequest(`/raw/${i}`, [`${HEADERS[i % HEADERS.length]}: ${value}`]),
    rawRequest(
      `/raw/all/${i}`,
      NOT_HOST.map((name) => `${name}: ${value}`),
    ),
  ]);
  const answers = await Promise.all(requests.map((request) => sendRaw(service, request)));
  expect(new Set(answers.map(statusOf))).toEqual(new Set([200]));
  await service.requests(requests.length);
  const verdicts = (await service.hits()).map(({ verdict }) => verdict);
  expect(verdicts).toEqual(requests.map(() => 'tracked'));
  expect(output).toEqual([]);
});

/** Bytes that a header value may have: all but control characters. */
function randomBytes(random: () => number): string {
  const below = (limit: number) => Math.floor(random() * limit);
  const bytes = Array.from({ length: 1 + below(60) }, () => 0x21 + below(0xdf));
  return bytes.map((byte) => String.fromCharCode(byte === 0x7f ? 0x80 : byte)).join('');
}
