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
