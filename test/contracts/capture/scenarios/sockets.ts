import { get, type Scenario } from '../scenario.js';

/** What a server does with the connection itself. */
const rows = (
  [
    ['answers on the socket', '/socket-answer', 503, { status: 503, isComplete: true }],
    ['answers on the socket, as bytes', '/socket-bytes', 503, { status: 503, isComplete: true }],
    ['destroys the socket', '/socket-destroyed', 500, { status: undefined }],
    ['sends informational responses', '/informed', 200, { status: 200, isComplete: true }],
  ] as const
).map(
  ([does, path, status, received]): Scenario => ({
    name: `a handler that ${does}`,
    does,
    sends: [get(path)],
    hits: [`GET ${path} ${status}`],
    receives: [received],
  }),
);

const left = (
  [
    ['sends all, and does not end', '/all-sent', 200],
    ['sends all but a byte, and does not end', '/nearly-all-sent', 499],
  ] as const
).map(
  ([does, path, status]): Scenario => ({
    name: `a handler that ${does}, and a client that leaves`,
    does,
    sends: [get(path, { leaves: 'in the body' })],
    hits: [`GET ${path} ${status}`],
  }),
);

export const SOCKETS: readonly Scenario[] = [
  ...rows,
  {
    name: 'a handler that ends the socket without an answer',
    does: 'ends the socket without an answer',
    sends: [get('/socket-ended')],
    hits: ['GET /socket-ended 200'],
    differs: { koa: ['GET Not Found 404'], 'instrumented koa': ['GET /socket-ended 404'] },
    receives: [{ status: undefined }],
  },
  ...left,
].map((row: Scenario): Scenario => ({ needs: ['HTTP/1.1'], ...row }));
