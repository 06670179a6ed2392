import { get, type Scenario } from '../scenario.js';

/** What a server does with the connection itself. */
const rows: readonly Scenario[] = [
  {
    name: 'a handler that answers on the socket',
    does: 'answers on the socket',
    sends: [get('/socket-answer')],
    hits: ['GET /socket-answer 503'],
    receives: [{ status: 503, isComplete: true }],
  },
  {
    name: 'a handler that answers on the socket, with bytes',
    does: 'answers on the socket, as bytes',
    sends: [get('/socket-bytes')],
    hits: ['GET /socket-bytes 503'],
    receives: [{ status: 503, isComplete: true }],
  },
  {
    name: 'a handler that ends the socket without an answer',
    does: 'ends the socket without an answer',
    sends: [get('/socket-ended')],
    hits: ['GET /socket-ended 200'],
    differs: { koa: ['GET Not Found 404'], 'instrumented koa': ['GET /socket-ended 404'] },
    receives: [{ status: undefined }],
  },
  {
    name: 'a handler that destroys the socket',
    does: 'destroys the socket',
    sends: [get('/socket-destroyed')],
    hits: ['GET /socket-destroyed 500'],
    receives: [{ status: undefined }],
  },
  {
    name: 'informational responses before the final one',
    does: 'sends informational responses',
    sends: [get('/informed')],
    hits: ['GET /informed 200'],
    receives: [{ status: 200, isComplete: true }],
  },
  {
    name: 'a client that leaves when it has all, before the server ends the response',
    does: 'sends all, and does not end',
    sends: [get('/all-sent', { leaves: 'in the body' })],
    hits: ['GET /all-sent 200'],
  },
  {
    name: 'a client that leaves when it has all but a byte',
    does: 'sends all but a byte, and does not end',
    sends: [get('/nearly-all-sent', { leaves: 'in the body' })],
    hits: ['GET /nearly-all-sent 499'],
  },
];

export const SOCKETS: readonly Scenario[] = rows.map((row) => ({ needs: ['HTTP/1.1'], ...row }));
