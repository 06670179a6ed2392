// Next.js calls this with its first request, so the SDK starts after the first connection.
export async function register() {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return;
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  new NodeSDK().start();
}
