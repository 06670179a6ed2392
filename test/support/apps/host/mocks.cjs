// Replaces the HTTP client, as nock and msw do.
const http = require('node:http');
const { Socket } = require('node:net');

function mocked() {
  throw new Error('mocked');
}
Object.assign(http, { Agent: mocked, ClientRequest: mocked, get: mocked, request: mocked });
Socket.prototype.connect = mocked;
