// Preloaded by `next start`: sends what waits and ends the process when stdin ends.
process.stdin.resume().once('end', async () => {
  const { trace } = require('@opentelemetry/api');
  await trace.getTracerProvider().getDelegate().shutdown();
  process.exit();
});
