import { expect, onTestFinished, test, vi } from 'vitest';
import { trackEvent } from '../../src/index.js';
import { eventually } from '../support/child-process.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { startTracedService } from '../support/traced-service.js';

test('an event of an open request that can no longer be read is lost and counted, and nothing else fails', async () => {
  const unhandled = vi.fn();
  process.prependListener('unhandledRejection', unhandled);
  onTestFinished(() => void process.removeListener('unhandledRejection', unhandled));
  const { fetch, processor } = await startTracedService(
    (request, response) => {
      if (request.url === '/open') {
        trackEvent('open', 'event');
        Object.defineProperty(request, 'headers', { get: () => expect.fail('gone') });
      } else response.end();
    },
    {
      userId: 'http.request.header.x-key',
      visitorKey: 'key',
      scheduledDelayMillis: 1_000,
      spool: temporaryFolder(),
    },
  );
  const open = fetch('/open', { headers: { 'x-key': 'k' } }).catch(() => undefined);
  await eventually(() => processor.stats().lost.rejected === 1);
  await fetch('/other');
  await eventually(() => processor.stats().tracked === 1);
  expect(unhandled).not.toHaveBeenCalled();
  await processor.shutdown();
  void open;
});
