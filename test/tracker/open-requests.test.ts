import { expect, test } from 'vitest';
import { trackEvent } from '../../src/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { CHATGPT } from '../support/chatbots.js';
import { eventually } from '../support/child-process.js';
import { startTracedService } from '../support/traced-service.js';

const PATIENT = { scheduledDelayMillis: 60_000 };

/** What is sent of an event while the response of its request is open. */
async function sendEventOfOpenRequest(
  options: MatomoOptions,
  target: string,
  headers: Record<string, string> = {},
): Promise<Record<string, string>[]> {
  let end: (() => void) | undefined;
  const service = await startTracedService(
    (_request, response) => {
      response.write('open');
      trackEvent('at', 'open');
      end = () => response.end();
    },
    { ...PATIENT, ...options },
  );
  const answer = service.fetch(target, { headers });
  await eventually(() => end);
  await service.processor.forceFlush();
  const sent = service.inspector.hits().map(({ params }) => params);
  end?.();
  await answer;
  return sent;
}

test('an event of an open request by an AI chatbot is sent whatever the sample, with the URL of the request', async () => {
  const headers = { 'user-agent': CHATGPT };
  const sent = await sendEventOfOpenRequest({ sampleRate: 1e-9 }, '/a.pdf?x=1', headers);
  expect(sent).toMatchObject([{ e_a: 'open', url: expect.stringMatching(/\/a\.pdf\?x=1$/) }]);
});

test('no event of an open request is sent if ignore fails, whatever else ignores its page view', async () => {
  const ignore = () => {
    throw new Error('from ignore');
  };
  expect(await sendEventOfOpenRequest({ ignorePaths: ['/a'] }, '/a')).toHaveLength(1);
  expect(await sendEventOfOpenRequest({ ignorePaths: ['/a'], ignore }, '/a')).toEqual([]);
});
