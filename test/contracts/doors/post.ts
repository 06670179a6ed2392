import { onTestFinished } from 'vitest';
import { codeOf } from '../../../src/common/describe-error.js';
import { LogLines } from '../../../src/common/log-lines.js';
import { Delivery } from '../../../src/delivery/delivery.js';
import { createTransport, type Exchange } from '../../../src/delivery/http.js';
import { DEFAULT_OPTIONS } from '../../support/default-options.js';
import { collectDiagnostics } from '../../support/diagnostics.js';
import { setEnvironment, unsetProxies } from '../../support/environment.js';

/** The HTTP client of a live process. */
export type Poster = ReturnType<typeof openPoster>;

interface PosterSetup {
  readonly headers?: Readonly<Record<string, string>>;
  /** Variables of proxies; all others are unset. */
  readonly proxies?: Readonly<Record<string, string>>;
}

const KINDS = { not_sent: 'not sent', no_answer: 'no answer' } as const;

export function openPoster(url: string, { headers = {}, proxies = {} }: PosterSetup = {}) {
  unsetProxies();
  setEnvironment(proxies);
  const transport = createTransport({ url: new URL(url), userAgent: 'test/1', headers });
  onTestFinished(() => transport.close());
  return {
    async post(body: string, timeoutMillis = 20_000) {
      return toPosted(await transport.send(Buffer.from(body), timeoutMillis));
    },
    close: () => transport.close(),
  };
}

/** What a process logs when it has sent its first hit to this URL. */
export async function logOfFirstHit(url: string, proxies: PosterSetup['proxies'] = {}) {
  unsetProxies();
  setEnvironment(proxies);
  const { diagnostics, logged } = collectDiagnostics();
  const delivery = new Delivery({
    options: { ...DEFAULT_OPTIONS, tokenAuth: undefined },
    transport: createTransport({ url: new URL(url), userAgent: 'test/1' }),
    diagnostics,
    lines: new LogLines((line) => void logged.push(line)),
  });
  delivery.put({
    ...{ site: 1, client: 'c', visitor: 'v', startSeconds: Date.now() / 1000 },
    ...{ kind: 'action', query: '?idsite=1' },
  });
  await delivery.flush();
  await delivery.flush(); // the second failure begins an outage
  const first = logged[0];
  await delivery.shutdown(1_000);
  return first;
}

/** What became of a request: `not sent`, `no answer` (Matomo may have got it), or an answer as it was read. */
function toPosted(exchange: Exchange) {
  if (exchange.kind === 'answer') return exchange;
  if (exchange.kind === 'printed') throw new Error('a dry run sends nothing');
  return { kind: KINDS[exchange.kind], message: codeOf(exchange.error) };
}
