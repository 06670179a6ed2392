// In which order, and by which way, an application, its tracing and `register` come into a process.
import { AUTO, OURS } from './application.mjs';
import { REQUESTS } from './requests.mjs';
import { NODES, SDKS } from './set-ups.mjs';

const HOOK = '@opentelemetry/instrumentation/hook.mjs';

/** Titles where the framework's route cannot be known: there is no framework. */
const PLAIN = { kind: 'ES module', titles: { '/users/ann': 'GET /users/ann' } };
const EXPRESS = { kind: 'CommonJS', titles: {} };

const BANNER =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
/** With all that the application requires, tracing included. */
const FORMS = {
  cjs: ['--format=cjs'],
  min: ['--format=cjs', '--minify'],
  esm: ['--format=esm', `--banner:js=${BANNER}`],
};

/** Only the resource names the site, so there are no hits if its attributes are not read. */
const RESOURCE = {
  settings: {
    MATOMO_SITE_ID: 'blog=4',
    MATOMO_DIMENSIONS: '1=service.name,2=deployment.environment.name',
    OTEL_NODE_RESOURCE_DETECTORS: 'env',
    OTEL_RESOURCE_ATTRIBUTES:
      'service.name=shop,deployment.environment.name=matrix,matomo.idsite=1',
  },
  requests: REQUESTS.map((request) => ({ ...request, dimensions: ['shop', 'matrix'] })),
};

/**
 * `preloads` and `options` (those in NODE_OPTIONS) are pairs of a flag and what it loads; `env` tells an
 * application what else to load. What is left without `opentelemetry-matomo`, with the same `settings`, is the run that
 * it is compared with; `bundle` is the form that the application is bundled to before.
 */
const LOAD_ORDERS = [
  cjs('--require ours, --require auto', { preloads: [require_(OURS), require_(AUTO)] }),
  cjs('--require auto, --require ours', { preloads: [require_(AUTO), require_(OURS)] }),
  cjs('--import ours, --import auto', { preloads: [import_(OURS), import_(AUTO)] }),
  cjs('--import auto, --import ours', { preloads: [import_(AUTO), import_(OURS)] }),
  cjs('NODE_OPTIONS --require ours, --import auto', {
    options: [require_(OURS)],
    preloads: [import_(AUTO)],
  }),
  esm('--import ours, --import auto, loader hook', {
    preloads: [hook(), import_(OURS), import_(AUTO)],
  }),
  esm('--import auto, --import ours, loader hook', {
    preloads: [hook(), import_(AUTO), import_(OURS)],
  }),
  esm('NODE_OPTIONS --require ours, --import auto, loader hook', {
    options: [require_(OURS)],
    preloads: [hook(), import_(AUTO)],
  }),
  esm('--import ours, --import auto', {
    preloads: [import_(OURS), import_(AUTO)],
  }),
  esm('--import auto, --import ours', {
    preloads: [import_(AUTO), import_(OURS)],
  }),
  cjs('traced in code, --require ours', { app: 'in-code.cjs', preloads: [require_(OURS)] }),
  cjs('traced in code, ours required before', { app: 'in-code.cjs', env: { REGISTER: 'before' } }),
  cjs('traced in code, ours required after', { app: 'in-code.cjs', env: { REGISTER: 'after' } }),
  esm('traced in code, --import ours', { app: 'in-code.mjs', preloads: [import_(OURS)] }),
  esm('traced in code, --require ours', { app: 'in-code.mjs', preloads: [require_(OURS)] }),
  esm('traced in code, ours imported before', { app: 'in-code.mjs', env: { REGISTER: 'before' } }),
  esm('traced in code, ours imported after', { app: 'in-code.mjs', env: { REGISTER: 'after' } }),
  cjs('the processor in code', { app: 'processor.cjs', env: { PROCESSOR: 'ours' } }),
  esm('the processor in code', { app: 'processor.mjs', env: { PROCESSOR: 'ours' } }),
  cjs('the processor in code, with a resource', {
    app: 'processor.cjs',
    ...RESOURCE,
    env: { PROCESSOR: 'ours' },
  }),
  cjs('--require auto, --require ours, with a resource', {
    ...RESOURCE,
    preloads: [require_(AUTO), require_(OURS)],
  }),
  cjs('no tracing, --require ours', { preloads: [require_(OURS)] }),
  cjs('no tracing but the API, --require ours', {
    app: 'api-only.cjs',
    preloads: [require_(OURS)],
  }),
  esm('no tracing, --import ours', { preloads: [import_(OURS)] }),
  cjs('bundled as CommonJS, --require ours', {
    app: 'in-code.cjs',
    bundle: 'cjs',
    preloads: [require_(OURS)],
  }),
  cjs('bundled and minified, --require ours', {
    app: 'in-code.cjs',
    bundle: 'min',
    preloads: [require_(OURS)],
  }),
  cjs('bundled as an ES module, --import ours', {
    app: 'in-code.cjs',
    bundle: 'esm',
    preloads: [import_(OURS)],
  }),
  cjs('bundled as CommonJS together with ours', {
    app: 'in-code.cjs',
    bundle: 'cjs',
    env: { REGISTER: 'after' },
  }),
];

/** The cells of every load order, for each SDK and Node.js that go together. */
export const ORDERS = Object.keys(SDKS).flatMap((sdk) =>
  NODES.filter((node) => node >= SDKS[sdk].since).flatMap((node) =>
    LOAD_ORDERS.map((order) => toCell(order, sdk, node)),
  ),
);

function toCell(order, sdk, node) {
  const { name, kind, titles, app, bundle, file } = order;
  const args = [app, '--bundle', '--platform=node', '--log-level=error', `--outfile=${file}`];
  return {
    name: `${kind}: ${name}`,
    sdk,
    node,
    setUp: {
      name: `sdk-${sdk}`,
      dependencies: { ...SDKS[sdk].dependencies, express: '5.3.0', esbuild: '0.28.2' },
    },
    build: bundle && [{ args: ['esbuild/bin/esbuild', ...args, ...FORMS[bundle]] }],
    titles,
    command: (isWith) => toCommand(order, sdk, isWith),
  };
}

/** What Node.js is started with; `isWith` says whether with this package. */
function toCommand(order, sdk, isWith) {
  const { app, preloads, options, env, settings, file, requests } = order;
  const isAutomatic = [...preloads, ...options].some(([, what]) => what === AUTO);
  const tracesItself = isAutomatic || /in-code|processor/.test(app);
  const flags = (pairs) => pairs.filter(([, what]) => isWith || what !== OURS).flat();
  return {
    requests,
    args: [...flags(preloads), file],
    env: {
      ...settings,
      ...(isWith ? env : {}),
      ...(tracesItself ? { CLOSE_AT_SIGTERM: '1' } : {}),
      SDK: sdk,
      NODE_OPTIONS: flags(options).join(' '),
    },
  };
}

function cjs(name, order) {
  return toOrder(name, EXPRESS, { app: 'frameworks/express.cjs', ...order });
}

function esm(name, order) {
  return toOrder(name, PLAIN, { app: 'plain.mjs', ...order });
}

function toOrder(name, { kind, titles }, order) {
  const { app, bundle } = order;
  const file = bundle ? bundleName(app, bundle) : app;
  const defaults = { preloads: [], options: [], env: {}, settings: {} };
  return { name, kind, titles, file, ...defaults, ...order };
}

function bundleName(app, form) {
  return `bundle-${form}-${app.replace(/\.\w+$/, form === 'esm' ? '.mjs' : '.cjs')}`;
}

function require_(what) {
  return ['--require', what];
}

function import_(what) {
  return ['--import', what];
}

function hook() {
  return ['--experimental-loader', HOOK];
}
