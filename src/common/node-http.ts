import { builtin } from './unhooked.js';

// Functions of Node.js that send hits, stored when the package is loaded: nock, msw, global-agent and tracing replace them later. `register` loads
// this file immediately, and the rest of the client when the process starts to serve.

// `request` may be replaced already, and global-agent's version ignores the agent that it is given, so `ClientRequest` is used instead.
export const { Agent, ClientRequest, STATUS_CODES } = builtin('node:http');
export const { Socket } = builtin('node:net');
export const { connect: connectSocket } = Socket.prototype;
