import { request } from './request-span.js';
import { track } from './row.js';

const event = (action: string, more = {}) => ({
  name: 'matomo.hit',
  attributes: { 'matomo.e_c': 'Span', 'matomo.e_a': action, ...more },
});

// Events `matomo.hit` of spans are hits besides the page view.
track([
  {
    name: 'events of the SERVER span, and of one below',
    spans: [
      { id: 'step', parent: 'a', events: [event('below')] },
      request('a', { events: [event('own'), { name: 'log' }, event('second')] }),
    ],
    hits: ['GET /a 200', 'event Span own', 'event Span second', 'event Span below'],
  },
  {
    name: 'an event has the URL and the user of its request',
    spans: [
      request('a', {
        attributes: { 'enduser.id': 'ada', 'server.address': 'shop.example.org' },
        events: [event('own', { 'matomo.e_v': 7, 'matomo.cvar.plan': 'pro' })],
      }),
    ],
    options: { userId: 'enduser.id' },
    hits: [
      'GET /a 200',
      {
        hit: 'event Span own',
        params: { url: 'https://shop.example.org/a', uid: 'ada', e_v: '7', cvar: /"plan","pro"/ },
      },
    ],
  },
  {
    name: 'an event of a span without a request, which names its visitor',
    spans: [{ id: 'job', events: [event('job', { 'matomo.uid': 'ada' })] }, request('a')],
    hits: ['GET /a 200', { hit: 'event Span job', params: { uid: 'ada' } }],
  },
  {
    name: 'an event of a span without a request, of nobody',
    spans: [{ id: 'job', events: [event('job')] }],
    hits: [],
    dropped: { no_visitor: 1 },
    codes: ['parameter-invalid'],
  },
]);

const LOCAL = { ways: ['exporter', 'gateway'] as const };
const NAMED = { 'matomo.uid': 'ada', 'matomo.idsite': 1 };
const below = { id: 'step', parent: 'missing', events: [event('below', NAMED)] };

// Of a request that is missing. If an option could exclude its visitor, they may have opted out.
track([
  { name: 'of any visitor', spans: [below], hits: ['event Span below'], ...LOCAL },
  ...[
    { doNotTrack: true },
    { consent: 'cookie:a=b' },
    { ignoreAddresses: ['10.0.0.1'] },
    { ignore: () => false },
    { siteId: () => 1 },
  ].map((options) => ({
    name: `of a visitor who may be excluded by ${Object.keys(options)}`,
    spans: [below, { id: 'job', events: [event('job', NAMED)] }],
    options: { ...options, capturedHeaders: ['dnt', 'sec-gpc', 'cookie'] },
    hits: ['event Span job'],
    codes: ['request-unknown'],
    ...LOCAL,
  })),
]);
