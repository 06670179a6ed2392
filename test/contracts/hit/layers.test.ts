import { additional, golden, page, variables } from './golden.js';

const INVALID = { problems: ['parameter-invalid'] };
const UNTIMED = { gt_ms: null, pf_srv: null };
const annotate = (parameters: Readonly<Record<string, unknown>>) => ({
  calls: [['annotate', parameters]] as const,
});

const ofSpan = (values: Readonly<Record<number, string>>) =>
  Object.fromEntries(Object.entries(values).map(([id, value]) => [`matomo.dimension${id}`, value]));

golden([
  {
    name: 'the SERVER span wins over code, that over spans below, those over the service',
    facts: {
      service: ofSpan({ 1: 'service', 2: 'service', 3: 'service', 4: 'service' }),
      below: [
        { attributes: ofSpan({ 2: 'first', 3: 'first', 4: 'first' }) },
        { attributes: ofSpan({ 2: 'below', 3: 'below', 4: 'below' }) },
      ],
      calls: [
        ['annotate', { dimension3: 'first', dimension4: 'first' }],
        ['annotate', { dimension3: 'code', dimension4: 'code' }],
      ],
      attributes: ofSpan({ 4: 'own' }),
    },
    page: { dimension1: 'service', dimension2: 'below', dimension3: 'code', dimension4: 'own' },
  },
  {
    name: 'routeDetails is weaker than the service, and stronger than options',
    options: {
      dimensions: { 1: () => 'option', 2: () => 'option' },
      routeDetails: { '/users/:id': { dimension1: 'route', dimension3: 'route' } },
    },
    facts: { service: { 'matomo.dimension3': 'service' } },
    page: { dimension1: 'route', dimension2: 'option', dimension3: 'service' },
  },
  // Custom variables: what annotate gets, what is sent, and with how many slots.
  ...(
    [
      [{ a: 1, b: 2, c: 3, d: 4 }, { a: '1', b: '2', c: '3' }, 5, INVALID],
      [{ a: undefined, '': 'x', b: '', c: Number.NaN, d: 'ok' }, { d: 'ok' }, 5, {}],
      ['x', {}, 5, INVALID],
      [{ http_method: 'X' }, { http_method: 'X' }, 5, {}],
    ] as const
  ).map(([cvar, sent, maxCustomVariables, more]) => ({
    facts: annotate({ cvar }),
    options: { maxCustomVariables },
    page: { cvar: variables(200, 'GET', sent) },
    ...more,
  })),
  { options: { maxCustomVariables: 0 }, facts: annotate({ cvar: { a: 1 } }), page: { cvar: null } },
  {
    options: { maxCustomVariables: 1 },
    page: { cvar: '{"1":["http_status_code","200"]}' },
    ...INVALID,
  },
  {
    name: 'what is undefined replaces nothing',
    options: {
      routeDetails: { '/users/:id': { dimension1: undefined, cvar: { http_method: undefined } } },
    },
    facts: {
      calls: [
        ['annotate', { uid: 'ann', action_name: undefined, cvar: { plan: 'pro' } }],
        ['annotate', { uid: undefined, cvar: { plan: undefined, http_method: undefined } }],
        ['trackOrder', { id: 'A-1', revenue: 2, tax: 1 }, { ec_tx: undefined }],
        ['trackEvent', 'a', 'b', { name: 'c', e_n: undefined, value: undefined }],
      ],
    },
    hits: [
      page({ uid: 'ann', cvar: variables(200, 'GET', { plan: 'pro' }) }),
      additional({ uid: 'ann', idgoal: '0', ec_id: 'A-1', revenue: '2', ec_tx: '1' }),
      additional({ uid: 'ann', e_c: 'a', e_a: 'b', e_n: 'c' }),
    ],
  },
  // The class of an error: of what failed, in which order, and not free text.
  ...(
    [
      [{ status: 500, below: [{ exception: 'First' }, { exception: 'Last' }] }, 'Last'],
      [{ status: 500, exception: 'Own', below: [{ exception: 'Below' }] }, 'Own'],
      [{ status: 500, exception: 'Ada was here' }, '_OTHER'],
      [{ status: 500, attributes: { 'error.type': 'ECONNREFUSED' } }, 'ECONNREFUSED'],
    ] as const
  ).map(([facts, error_type]) => ({
    facts,
    page: { cvar: variables(facts.status, 'GET', { error_type }) },
  })),
  { facts: { exception: 'TypeError' } },
  {
    facts: { status: 500, exception: 'TypeError' },
    options: { privacy: 'strict', urlPaths: 'full' },
  },
  ...[
    { attributes: { 'matomo.ignore': 'true' } },
    { below: [{ attributes: { 'matomo.ignore': true } }] },
    { service: { 'matomo.ignore': true } },
    { calls: [['ignore']] as const },
  ].map((facts) => ({ facts, ignored: 'attribute' })),
  { facts: annotate({ e_a: 'buy', e_n: 'x', e_v: 1 }), ...INVALID },
  {
    name: 'timings add up over all sources',
    facts: {
      durationMillis: 100,
      below: [
        { attributes: { 'matomo.perf_key': 'pf_dm1' }, durationMillis: 10.4 },
        { attributes: { 'matomo.perf_key': 'pf_dm1' }, durationMillis: 5.3 },
      ],
      calls: [['timing', 'pf_dm1', 1]],
    },
    page: { gt_ms: '100', pf_srv: '83', pf_dm1: '17' },
  },
  { facts: { calls: [['timing', 'pf_dm1', 40]] }, page: { pf_srv: '0', pf_dm1: '40' } },
  { facts: { calls: [['timing', 'pf_srv', 3]] }, page: { pf_srv: '3' } },
  { facts: annotate({ pf_dm2: 4 }), page: { pf_srv: '8', pf_dm2: '4' } },
  { facts: { durationMillis: 16_777_216 }, page: UNTIMED },
  { facts: { durationMillis: 0.5 }, page: { gt_ms: '1', pf_srv: '1' } },
  {
    name: 'a stream that answers one operation',
    facts: {
      method: 'POST',
      path: '/graphql',
      route: '/graphql',
      attributes: { 'graphql.operation.name': 'CreateOrder' },
      responseHeaders: { 'content-type': 'text/event-stream' },
    },
    page: { action_name: 'POST /graphql CreateOrder' },
  },
  // The time of a request is that of its start, in whole seconds, and not in the future.
  { facts: { startMillis: 1_795_176_005_000 }, page: { cdt: '1795176001' } },
  { facts: { startMillis: 1_795_175_999_999 }, page: { cdt: '1795175999' } },
]);
