// Starts its SDK after the first connection, which is one of a load balancer that checks whether the server listens.
export async function register() {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return;
  const { subscribe } = await import('node:diagnostics_channel');
  await new Promise((resolve) => subscribe('net.server.socket', resolve));
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const sdk = new NodeSDK();
  sdk.start();
  globalThis.flushTraces = () => sdk._tracerProvider.forceFlush();
}
