import { expect, test } from 'vitest';
import { CHATGPT } from '../../support/chatbots.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { captureOutput } from '../../support/output.js';
import { startTracedService } from '../../support/traced-service.js';
import { isMixed } from './mixture.js';

const ROUNDS = 4;

test.for([
  ['500', '500 Deadlock', '{"status":"error","tracked":1,"invalid":0}'],
  ['200 that counts nothing', '200 OK', '{"status":"success","tracked":0,"invalid":0}'],
])(
  'a deadlock in the insert of AI chatbots, answered with %s, leaves visits untouched',
  async ([, status, body]) => {
    captureOutput();
    const proxy = await startFaultProxy();
    const service = await startTracedService((_request, response) => void response.end('ok'), {
      url: proxy.url,
      scheduledDelayMillis: 20,
    });
    const { processor, inspector } = service;
    proxy.forwardTo(inspector.url);
    const visits = () => inspector.hits().filter(({ verdict }) => verdict === 'tracked').length;
    const fault = { where: (text: string) => text.includes('recMode=1'), status, body };
    await proxy.play({ kind: 'answer', ...fault } as never);
    for (let round = 1; round <= ROUNDS; round++) {
      await service.fetch(`/visit/${round}`, { headers: { 'user-agent': 'Mozilla/5.0 Firefox' } });
      await service.fetch(`/chatbot/${round}`, { headers: { 'user-agent': CHATGPT } });
      await service.requests(2 * round);
      // Each flush is one attempt, of either kind.
      for (let i = 0; i < 2; i++) await processor.forceFlush();
      expect(visits()).toBe(round);
    }
    await proxy.play();
    for (let i = 0; i < 100 && processor.stats().pending > 0; i++) await processor.forceFlush();
    const { tracked, pending, lost } = processor.stats();
    const { rejected, ...others } = lost;
    expect({ all: tracked + rejected, pending, visits: visits() }).toEqual({
      all: 2 * ROUNDS,
      pending: 0,
      visits: ROUNDS,
    });
    expect(Object.values(others).every((count) => count === 0)).toBe(true);
    const bodies = proxy.requests().map(({ body: text }) => text);
    expect(bodies.some((text) => text.includes('recMode=1'))).toBe(true);
    expect(bodies.filter(isMixed)).toEqual([]);
  },
);
