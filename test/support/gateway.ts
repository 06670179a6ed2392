import { onTestFinished } from 'vitest';
import {
  createGateway,
  type Gateway,
  type GatewayOptions,
  type GatewayStats,
} from '../../src/gateway/index.js';
import type { OtlpFormat } from '../../src/gateway/otlp/formats.js';
import { startServer } from './child-process.js';
import { MAIN } from './cli.js';
import { startMatomo } from './matomo.js';

/** A gateway with an inspector behind it. A token, because recordings are older than a day. */
export async function startGateway(options: GatewayOptions = {}) {
  const inspector = await startMatomo({ customVariables: true });
  const gateway = await createGateway({
    url: inspector.url,
    siteId: 1,
    tokenAuth: 'a-token',
    listen: '127.0.0.1:0',
    graceMillis: 100,
    scheduledDelayMillis: 50,
    ...options,
  });
  onTestFinished(() => gateway.close());
  return { gateway, inspector };
}

/** `opentelemetry-matomo gateway`, as the environment says. */
export async function startGatewayProcess(env: Readonly<Record<string, string>>) {
  const args = [MAIN, 'gateway', '--listen', '127.0.0.1:0'];
  const server = await startServer(args, { env: { MATOMO_GATEWAY_GRACE: '100', ...env } });
  const { origin: url } = new URL(server.url);
  return {
    ...server,
    url,
    /** Ends it in order; what it says of itself then. */
    async finish() {
      await server.stop();
      return JSON.parse(server.stdout().trim().split('\n').at(-1) ?? '') as GatewayStats;
    },
  };
}

export function sendSpans(
  { url }: Pick<Gateway, 'url'>,
  body: Uint8Array | string,
  headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' },
): Promise<Response> {
  return fetch(`${url}/v1/traces`, { method: 'POST', body: body as string, headers });
}

/** Keeps all attributes of spans that are not SERVER spans, or none. */
function keep(isKept: boolean) {
  return Object.assign(() => isKept, { firstBytes: new Set(Array(256).keys()) });
}

/** Reads an export, and counts its parts. */
export function readAll({ read }: OtlpFormat, body: string | Uint8Array, isKept = false) {
  const reading = read(Buffer.from(body), keep(isKept));
  for (let parts = 1; ; parts++) {
    const { done, value } = reading.next();
    if (done) return { parts, resources: value };
  }
}
