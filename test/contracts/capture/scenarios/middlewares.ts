import { get, type Hits, post, raw, type Scenario } from '../scenario.js';

const urlOf = (search: string) => new RegExp(`\\?${search}$`);

/** A page view that was annotated when it was logged, and an event of the same request. */
const logged = (title: string, status: number, search: string): Hits => {
  const line = `${status} ${search}`;
  return [
    { hit: `${title} ${status}`, params: { url: urlOf(search), dimension5: line } },
    { hit: `event Logged ${line}`, params: { url: urlOf(search) } },
  ];
};

/** Of a response without a status, morgan logs none. */
const leftBefore = (title: string, search: string): Hits => [
  { hit: `${title} 499`, params: { url: urlOf(search), dimension5: `- ${search}` } },
  { hit: `event Logged - ${search}`, params: { url: urlOf(search) } },
];

const waited = (title: string, search: string): Hits => [
  { hit: title, params: { url: urlOf(search), dimension5: search } },
  { hit: `event Read ${search}`, params: { url: urlOf(search) } },
  { hit: `event Sent ${search}`, params: { url: urlOf(search) } },
];

const rows: readonly Scenario[] = [
  {
    name: 'morgan, of three clients at once',
    before: 'logs with morgan',
    does: 'answers later',
    sendsAtOnce: true,
    sends: ['a', 'b', 'c'].map((name) => get(`/morgan?${name}`)),
    hits: ['a', 'b', 'c'].flatMap((name) => logged('GET /morgan', 200, name)),
  },
  {
    name: 'morgan, of requests one after the other on a connection',
    before: 'logs with morgan',
    does: 'answers later',
    needs: ['HTTP/1.1'],
    sends: [raw(['/morgan-kept?1', '/morgan-kept?2', '/morgan-kept?3'], { isOneByOne: true })],
    hits: ['1', '2', '3'].flatMap((name) => logged('GET /morgan-kept', 200, name)),
  },
  {
    name: 'morgan, of pipelined requests',
    before: 'logs with morgan',
    does: 'answers later',
    needs: ['HTTP/1.1'],
    sends: [raw(['/morgan-pipelined?1', '/morgan-pipelined?2', '/morgan-pipelined?3'])],
    hits: ['1', '2', '3'].flatMap((name) => logged('GET /morgan-pipelined', 200, name)),
  },
  {
    name: 'morgan, of a handler that fails',
    before: 'logs with morgan',
    does: 'rejects',
    sends: [get('/morgan-failed?a')],
    hits: logged('GET /morgan-failed', 500, 'a'),
  },
  {
    name: 'morgan, of a client that leaves before the headers',
    before: 'logs with morgan',
    does: 'never answers',
    sends: [get('/morgan-left?a', { leaves: 'before headers' })],
    hits: leftBefore('GET /morgan-left', 'a'),
  },
  {
    name: 'morgan, of a client that leaves in the body',
    before: 'logs with morgan',
    does: 'writes half',
    sends: [get('/morgan-left-in-body?a', { leaves: 'in the body' })],
    hits: [
      { hit: 'GET /morgan-left-in-body 499', params: { dimension5: '200 a' } },
      { hit: 'event Logged 200 a', params: { url: /\/morgan-left-in-body\?a$/ } },
    ],
  },
  {
    name: 'morgan, at once',
    before: 'logs with morgan at once',
    does: 'answers later',
    sends: [get('/morgan-at-once?a')],
    hits: [
      'GET /morgan-at-once 200',
      { hit: 'event Logged - a', params: { url: /\/morgan-at-once\?a$/ } },
    ],
  },
  {
    name: 'ignored by morgan',
    before: 'logs with morgan, and ignores',
    ignored: 'attribute',
    does: 'answers later',
    sends: [get('/morgan-ignored?a')],
    hits: [],
  },
  {
    name: 'on-finished, of two clients at once',
    before: 'waits with on-finished',
    does: 'answers later',
    sendsAtOnce: true,
    sends: ['a', 'b'].map((name) => get(`/on-finished?${name}`)),
    hits: ['a', 'b'].flatMap((name) => waited('GET /on-finished 200', name)),
  },
  {
    name: 'on-finished, of bodies that arrive late',
    before: 'waits with on-finished',
    does: 'reads the body',
    sendsAtOnce: true,
    sends: ['a', 'b'].map((name) => post(`/on-finished-body?${name}`, 'xyz', { isBodyLate: true })),
    hits: ['a', 'b'].flatMap((name) => [
      ...waited('POST /on-finished-body 200', name),
      { hit: 'event Test body', params: { url: urlOf(name) } },
    ]),
  },
  {
    name: 'on-finished, of a client that leaves before the headers',
    before: 'waits with on-finished',
    does: 'never answers',
    sends: [get('/on-finished-left?a', { leaves: 'before headers' })],
    hits: waited('GET /on-finished-left 499', 'a'),
  },
  {
    name: 'on-finished, when the response has finished',
    before: 'waits with on-finished too late',
    does: 'answers later',
    sends: [get('/on-finished-late?a', { waits: 'event Late a' })],
    hits: [
      'GET /on-finished-late 200',
      { hit: 'event Late a', params: { url: /\/on-finished-late\?a$/ } },
    ],
  },
];

/** The `stream` event has no request and response that these know. */
export const MIDDLEWARES: readonly Scenario[] = rows.map((row) => ({
  ...row,
  except: ({ framework }) => framework === 'stream',
}));
