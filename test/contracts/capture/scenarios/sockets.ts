import { runs, type Scenario } from '../scenario.js';

export const SOCKETS: readonly Scenario[] = [
  runs('answers on the socket', {}, { status: 503, receives: [{ status: 503, isComplete: true }] }),
  runs('destroys the socket', {}, { status: 500, receives: [{ status: undefined }] }),
  runs('sends informational responses', {}, { receives: [{ status: 200, isComplete: true }] }),
  runs('sends all, and does not end', {}, { sent: { leaves: 'in the body' }, status: 499 }),
].map((row): Scenario => ({ needs: ['HTTP/1.1'], ...row }));
