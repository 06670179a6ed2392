import { builtin } from './unhooked.js';

// The client for hits, as it is when the package is loaded: nock, msw, global-agent and tracing replace it later. `register` loads this at
// once, and the rest of the client when the process serves.

// `request` is not used: it may be replaced already, and that of global-agent does not use the agent that it is given.
export const { Agent, ClientRequest, STATUS_CODES } = builtin('node:http');
export const { Socket } = builtin('node:net');
export const { connect: connectSocket } = Socket.prototype;
