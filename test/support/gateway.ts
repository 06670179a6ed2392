import { onTestFinished } from 'vitest';
import { createGateway, type Gateway, type GatewayOptions } from '../../src/gateway/index.js';
import { type Inspector, startInspector } from '../../src/inspector/index.js';

/** A gateway with an inspector behind it. A token, because recordings are older than a day. */
export async function startGateway(
  options: GatewayOptions = {},
): Promise<{ gateway: Gateway; inspector: Inspector }> {
  const inspector = await startInspector();
  const gateway = await createGateway({
    url: inspector.url,
    siteId: 1,
    tokenAuth: 'a-token',
    listen: '127.0.0.1:0',
    graceMillis: 100,
    scheduledDelayMillis: 50,
    ...options,
  });
  onTestFinished(async () => {
    await gateway.close();
    await inspector.close();
  });
  return { gateway, inspector };
}

/** Sends one export request. */
export function sendSpans(
  { url }: Pick<Gateway, 'url'>,
  body: Uint8Array | string,
  headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' },
): Promise<Response> {
  return fetch(`${url}/v1/traces`, { method: 'POST', body: body as string, headers });
}
