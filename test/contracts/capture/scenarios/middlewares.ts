import { type Hits, post, raw, type Scenario } from '../scenario.js';

/** A page view that was annotated when its response was logged, and an event of the same request. */
const logged = (hit: string, line: string, client: string): Hits => [
  { hit, params: { url: new RegExp(`\\?${client}$`), dimension5: `${line} ${client}` } },
  { hit: `event Logged ${line} ${client}`, params: { url: new RegExp(`\\?${client}$`) } },
];

/** Logging middlewares of others. The `stream` event has no request and response that these know. */
const rows: readonly Scenario[] = [
  {
    name: 'morgan, of pipelined requests',
    before: 'logs with morgan',
    does: 'answers later',
    needs: ['HTTP/1.1'],
    sends: [raw(['/morgan?1', '/morgan?2', '/morgan?3'])],
    hits: ['1', '2', '3'].flatMap((client) => logged('GET /morgan 200', '200', client)),
  },
  {
    name: 'on-finished, of bodies that arrive late',
    before: 'waits with on-finished',
    does: 'reads the body',
    sendsAtOnce: true,
    sends: ['a', 'b'].map((client) => post(`/on-finished?${client}`, 'xyz', { isBodyLate: true })),
    hits: ['a', 'b'].flatMap((client) => {
      const url = new RegExp(`\\?${client}$`);
      return [
        { hit: 'POST /on-finished 200', params: { url, dimension5: client } },
        ...[`Read ${client}`, `Sent ${client}`].map((event) => ({
          hit: `event ${event}`,
          params: { url },
        })),
        { hit: 'event Test body', params: { url } },
      ];
    }),
  },
];

export const MIDDLEWARES: readonly Scenario[] = rows.map((row) => ({
  ...row,
  except: ({ framework }) => framework === 'stream',
}));
