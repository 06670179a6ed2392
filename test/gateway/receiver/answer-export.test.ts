import type { ServerResponse } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createSelection } from '../../../src/gateway/otlp/read-export.js';
import { createAnswerExport } from '../../../src/gateway/receiver/answer-export.js';
import { sendSpans } from '../../support/gateway.js';
import { listen } from '../../support/listen.js';
import { exportRequest, requestSpan } from '../../support/otlp-spans.js';

/** A receiver whose clock stands still, but for 30 ms that each resource takes; `onResource` is told the service of each. */
async function startReceiver(onResource: (service: string, response: ServerResponse) => void) {
  let millis = 0;
  let response: ServerResponse | undefined;
  let accepted = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => millis);
  const answerExport = createAnswerExport(
    { bearerToken: undefined, maxBodyBytes: 4 * 1024 ** 2 },
    {
      selection: {
        ...createSelection({}, { userIdAttribute: undefined }),
        takesService(service) {
          millis += 30;
          onResource(service, response as ServerResponse);
          return true;
        },
      },
      isFull: () => false,
      accept: () => {
        accepted += 1;
      },
      onRefused: () => undefined,
      onUnread: () => undefined,
    },
  );
  const ends: Promise<void>[] = [];
  const url = await listen((request, given) => {
    response = given;
    ends.push(answerExport(request, given, undefined));
  });
  onTestFinished(() => clock.mockRestore());
  return {
    url,
    ended: () => Promise.all(ends),
    accepted: () => accepted,
  };
}

const RESOURCES = 300;

function resourcesOf(service: string): string {
  const [one] = JSON.parse(exportRequest([requestSpan('/a')], { 'service.name': service }))
    .resourceSpans as object[];
  return JSON.stringify({ resourceSpans: Array.from({ length: RESOURCES }, () => one) });
}

test('exports are decoded one after the other, though others have their turn meanwhile', async () => {
  let order = '';
  let turns = 0;
  const count = () => {
    turns += 1;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  onTestFinished(() => clearImmediate(next));
  const turnsAt = new Set<number>();
  const receiver = await startReceiver((service) => {
    order += service;
    turnsAt.add(turns);
  });
  const answers = await Promise.all(
    ['a', 'b'].map((name) => sendSpans(receiver, resourcesOf(name))),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(order).toMatch(/^(?:a{300}b{300}|b{300}a{300})$/);
  expect(turnsAt.size).toBeGreaterThan(10);
});

test.each([
  ['while it is decoded', 1],
  ['just before it is decoded', RESOURCES],
])('an export whose connection is closed %s is not taken: it comes again', async (_when, last) => {
  let resources = 0;
  const receiver = await startReceiver((_, response) => {
    resources += 1;
    if (resources === last) response.socket?.destroy();
  });
  await expect(sendSpans(receiver, resourcesOf('a'))).rejects.toThrow();
  await receiver.ended();
  expect([resources, receiver.accepted()]).toEqual([RESOURCES, 0]);
});
