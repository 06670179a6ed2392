import { get, type Scenario } from '../scenario.js';

/** Requests of which the application has replaced what is read at their end. */
export const UNREADABLE: readonly Scenario[] = [
  {
    name: 'a request whose properties are undefined at its end',
    does: 'empties its request',
    sends: [get('/emptied?a=1')],
    hits: [{ hit: 'GET /emptied 200', params: { url: /\/emptied\?a=1$/, dimension1: 'GET' } }],
    except: ({ framework }) => framework !== 'node',
  },
];
