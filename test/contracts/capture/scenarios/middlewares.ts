import { raw, type Scenario } from '../scenario.js';

/** A logging middleware of others. The `stream` event has no request and response that it knows. */
export const MIDDLEWARES: readonly Scenario[] = [
  {
    name: 'morgan, of pipelined requests',
    before: 'logs with morgan',
    does: 'answers later',
    needs: ['HTTP/1.1'],
    sends: [raw(['/morgan?1', '/morgan?2', '/morgan?3'])],
    hits: ['1', '2', '3'].flatMap((client) => {
      const url = new RegExp(`\\?${client}$`);
      return [
        { hit: 'GET /morgan 200', params: { url, dimension5: `200 ${client}` } },
        { hit: `event Logged 200 ${client}`, params: { url } },
      ];
    }),
    except: ({ framework }) => framework === 'stream',
  },
];
