/** The exact versions that are tried together; `auto-instrumentations-node` is the one of that time. */
export const SDKS = {
  '1.30': {
    since: 20,
    dependencies: {
      '@opentelemetry/api': '1.9.0',
      '@opentelemetry/sdk-node': '0.57.2',
      '@opentelemetry/sdk-trace-base': '1.30.1',
      '@opentelemetry/instrumentation-http': '0.57.2',
      '@opentelemetry/context-async-hooks': '1.30.1',
      '@opentelemetry/auto-instrumentations-node': '0.56.1',
    },
  },
  '2.0': {
    since: 20,
    dependencies: {
      '@opentelemetry/api': '1.9.0',
      '@opentelemetry/sdk-node': '0.200.0',
      '@opentelemetry/sdk-trace-base': '2.0.0',
      '@opentelemetry/instrumentation-http': '0.200.0',
      '@opentelemetry/context-async-hooks': '2.0.0',
      '@opentelemetry/auto-instrumentations-node': '0.58.1',
    },
  },
  2.12: {
    since: 20,
    dependencies: {
      '@opentelemetry/api': '1.9.1',
      '@opentelemetry/sdk-node': '0.223.0',
      '@opentelemetry/sdk-trace-base': '2.12.0',
      '@opentelemetry/instrumentation-http': '0.223.0',
      '@opentelemetry/context-async-hooks': '2.12.0',
      '@opentelemetry/auto-instrumentations-node': '0.81.2',
    },
  },
  3.1: {
    // SDK 3 asks for 22.15 or later.
    since: 22,
    dependencies: {
      '@opentelemetry/api': '1.10.0',
      '@opentelemetry/sdk-node': '0.301.0',
      '@opentelemetry/sdk-trace': '3.1.1',
      '@opentelemetry/instrumentation-http': '0.301.0',
      '@opentelemetry/context-async-hooks': '3.1.1',
      '@opentelemetry/auto-instrumentations-node': '0.82.0',
    },
  },
};

export const NODES = [20, 22, 24, 26];
