import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import express from 'express';

const meterProvider = new MeterProvider({ readers: [new PrometheusExporter()] });
const durations = meterProvider.getMeter('app').createHistogram('http.server.request.duration', {
  advice: { explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] },
});

const app = express();

app.use((request, response, next) => {
  const start = performance.now();
  response.once('close', () => {
    durations.record((performance.now() - start) / 1000, {
      'http.request.method': request.method,
      'http.route': request.route ? request.baseUrl + request.route.path : '',
    });
  });
  next();
});

app.get('/users/:id', (_request, response) => response.send('ok'));

const server = app.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
