import { expect, test } from 'vitest';
import { captureOutput } from '../support/output.js';
import { rawRequest, sendRaw, statusOf } from '../support/raw-request.js';
import { startTracedService } from '../support/traced-service.js';
import { words } from '../support/words.js';

/** Of which any may have any bytes. */
const HEADERS = words(`
  User-Agent Accept-Language Referer Cookie Host X-Forwarded-For X-Forwarded-Host
  X-Forwarded-Proto Forwarded Sec-CH-UA Sec-CH-UA-Platform DNT traceparent
`);
const VALUES = [
  ...['\xff\xfe\xfd', '\xc3\x28', '\xed\xa0\x80'],
  ...['"'.repeat(400), '%', ',;=, ,', '[', '::'],
];

test('no bytes in a header make a request fail', async () => {
  const output = captureOutput();
  const service = await startTracedService((_request, response) => void response.end(), {
    tokenAuth: 'writer',
    trustProxy: true,
    visitorId: 'cookie',
    doNotTrack: true,
  });
  const requests = VALUES.flatMap((value) =>
    [...HEADERS.map((name) => [name]), HEADERS.filter((name) => name !== 'Host')].map((names) =>
      rawRequest(
        '/raw',
        names.map((name) => `${name}: ${value}`),
      ),
    ),
  );
  const answers = await Promise.all(requests.map((request) => sendRaw(service, request)));
  expect(new Set(answers.map(statusOf))).toEqual(new Set([200]));
  await service.requests(requests.length);
  const verdicts = (await service.hits()).map(({ verdict }) => verdict);
  expect(verdicts).toEqual(requests.map(() => 'tracked'));
  expect(output).toEqual([]);
});
