/** What docs/performance.md answers: for each column the benchmark, its row and the name of its column, or a function of its rows. */
export const QUESTIONS = [
  {
    question: 'µs of CPU time per request, in an application without tracing',
    ours: ['cpu', 'node:http, this package without tracing', 'µs CPU per request'],
    without: ['cpu', '(a) node:http, no tracing', 'µs CPU per request'],
    tracker: ['cpu', 'node:http, track() of matomo-tracker', 'µs CPU per request'],
  },
  {
    question: 'µs of CPU time per request, in an application with tracing',
    ours: ['cpu', 'OpenTelemetry, this package', 'µs CPU per request'],
    without: ['cpu', '(b) OpenTelemetry, a processor that does nothing', 'µs CPU per request'],
    otlp: ['cpu', '(c) with a queue that drops nothing', 'µs CPU per request'],
  },
  {
    question: 'µs of CPU time per request, with tracing and 20 child spans',
    ours: ['cpu-children', 'OpenTelemetry, this package', 'µs CPU per request'],
    without: [
      'cpu-children',
      '(b) OpenTelemetry, a processor that does nothing',
      'µs CPU per request',
    ],
    otlp: ['cpu-children', '(c) with a queue that drops nothing', 'µs CPU per request'],
  },
  {
    question: 'µs of CPU time per request, with tracing, 20,000 visitors and varied URLs',
    ours: ['cpu-varied', 'OpenTelemetry, this package', 'µs CPU per request'],
    without: [
      'cpu-varied',
      '(b) OpenTelemetry, a processor that does nothing',
      'µs CPU per request',
    ],
  },
  {
    question: 'µs of CPU time per request, with a spool on disk',
    ours: ['spool', 'hits in a spool on disk', 'µs CPU per request'],
  },
  {
    question: 'µs of CPU time per request, with a spool in Redis',
    ours: ['spool', 'hits in a spool in Redis', 'µs CPU per request'],
  },
  {
    question: 'median µs until a client has its response, at half of the highest load',
    ours: ['latency', 'this package', 'median in µs'],
    without: ['latency', '(b) a processor that does nothing', 'median in µs'],
    otlp: ['latency', '(c) BatchSpanProcessor and OTLP exporter', 'median in µs'],
  },
  {
    question: 'ms of event-loop delay (p99) while Matomo is unavailable',
    ours: ['outage', 'this package, Matomo unavailable', 'event-loop delay, p99 in ms'],
    without: ['outage', '(b) a processor that does nothing', 'event-loop delay, p99 in ms'],
  },
  {
    question: 'ms from the start of a process to its first response, without tracing',
    ours: [
      'cold-start',
      '`--require opentelemetry-matomo/register`, no tracing installed',
      'ms to the first answer',
    ],
    without: ['cold-start', 'node:http alone', 'ms to the first answer'],
    otlp: [
      'cold-start',
      '`--require` of a setup with NodeSDK, http instrumentation and OTLP exporter',
      'ms to the first answer',
    ],
  },
  {
    question: 'ms to load it in an application with tracing',
    ours: ['load-time', '`opentelemetry-matomo/register`, and a server that listens', 'ms'],
    otlp: ['load-time', 'OTLP exporter', 'ms'],
  },
  {
    question: 'bytes of memory per queued hit (with OTLP: per span)',
    ours: ['queue-memory', 'hit of this package', 'bytes each'],
    otlp: ['queue-memory', 'ended span, as BatchSpanProcessor queues it', 'bytes each'],
  },
  {
    question: 'heap and buffers after 10,000 requests, and after a million',
    ours: ({ memory }) => `${memory.rows[1][1]}, ${memory.rows.at(-1)[1]}`,
  },
  {
    question: 'hits per second that one process can deliver',
    ours: ['delivery', 'this package, from ended spans', 'hits/s'],
    tracker: ['delivery', 'trackBulk() of matomo-tracker', 'hits/s'],
  },
  {
    question: 'sockets to Matomo at 500 requests per second',
    ours: ['sockets', 'this package', 'sockets to Matomo'],
    tracker: ['sockets', 'track() of matomo-tracker', 'sockets to Matomo'],
  },
  {
    question: 'spans per second that one gateway can receive',
    ours: ['gateway', 'the gateway, including delivery of hits', 'spans per second'],
  },
];
