import { get, type Scenario } from '../scenario.js';

const rows = (
  [
    ['answers on the socket', '/socket-answer', 503, { status: 503, isComplete: true }],
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

export const SOCKETS: readonly Scenario[] = [
  ...rows,
  {
    name: 'a handler that sends all, and does not end, and a client that leaves',
    does: 'sends all, and does not end',
    sends: [get('/all-sent', { leaves: 'in the body' })],
    hits: ['GET /all-sent 499'],
  },
].map((row: Scenario): Scenario => ({ needs: ['HTTP/1.1'], ...row }));
