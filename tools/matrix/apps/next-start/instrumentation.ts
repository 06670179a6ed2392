export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return;
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const { MatomoSpanProcessor } = await import('opentelemetry-matomo');
  const sdk = new NodeSDK({
    spanProcessors: [new MatomoSpanProcessor({ exitFlush: true })],
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
}
