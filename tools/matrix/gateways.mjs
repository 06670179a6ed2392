// What each SDK exports by itself, to a gateway.
import { CLOSE_AT_SIGTERM } from './run-app.mjs';
import { SDKS, sdkSetUp } from './set-ups.mjs';

const AUTO = '@opentelemetry/auto-instrumentations-node/register';

const TYPES = { 'http/protobuf': 'application/x-protobuf', 'http/json': 'application/json' };
const EXPORTS = Object.keys(TYPES).flatMap((protocol) =>
  ['none', 'gzip'].map((compression) => ({ protocol, compression })),
);

/** What is lost on the way: SDK 1.30's instrumentation knows no Express 5, later ones write queries anew. */
const LIMITS = {
  '1.30': { titles: { '/users/ann': 'GET /users/ann' } },
  2.12: { urls: { '/users/ann?tab=a%20b': '/users/ann?tab=a+b' } },
  3.1: { urls: { '/users/ann?tab=a%20b': '/users/ann?tab=a+b' } },
};

/** The cells of every protocol and compression, for each SDK and Node of `runs` that go together. */
export function planGateways(runs) {
  return runs
    .filter(({ sdk, node }) => node >= SDKS[sdk].since)
    .flatMap(({ sdk, node }) => EXPORTS.map((way) => toCell(way, sdk, node)));
}

function toCell({ protocol, compression }, sdk, node) {
  const encoding = compression === 'none' ? undefined : compression;
  const { titles = {}, urls = {} } = LIMITS[sdk] ?? {};
  return {
    table: 'gateways',
    name: `${protocol}, ${encoding ?? 'plain'}`,
    sdk,
    node,
    setUp: sdkSetUp(sdk),
    titles,
    throughGateway: { urls, type: TYPES[protocol], encoding },
    command: () => ({
      args: ['--require', AUTO, 'frameworks/express.cjs'],
      env: {
        ...CLOSE_AT_SIGTERM,
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: compression,
      },
    }),
  };
}
