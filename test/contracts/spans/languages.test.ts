import type { Span } from '../doors/spans.js';
import { request } from './request-span.js';
import { type Row, track } from './row.js';

/** What a gateway reads differently than a processor does: instrumentations of other languages have their own ways. */
const row = (
  name: string,
  language: string,
  attributes: NonNullable<Span['attributes']>,
  hit: string,
  params: Readonly<Record<string, string | undefined>>,
  more: Partial<Span> = {},
): Row => ({
  name,
  spans: [{ id: 'a', kind: 'SERVER', attributes, ...more }],
  resource: { 'service.name': 'shop', 'telemetry.sdk.language': language },
  ways: ['gateway'],
  hits: [{ hit, params: { cip: undefined, ...params } }],
});

const SHOP = 'shop.example.org';
const GET = { 'http.request.method': 'GET', 'url.path': '/a' };
const OLD = { 'http.method': 'GET', 'http.target': '/users/42' };

track([
  row(
    '.NET before the stable names',
    'dotnet',
    {
      ...{ ...OLD, 'http.route': 'users/{id}', 'http.scheme': 'https', 'net.host.name': SHOP },
      'http.url': 'https://shop.example.org/users/42?page=2',
    },
    'GET /users/{id} 200',
    { url: 'https://shop.example.org/users/42?page=2' },
  ),
  row(
    'Python behind a proxy: the port is of the listener',
    'python',
    {
      ...{ ...GET, 'url.path': '/a b', 'server.address': SHOP, 'server.port': 8000 },
      'client.address': '10.0.0.2',
    },
    'GET /a b 200',
    { url: 'https://shop.example.org/a%20b', cip: '10.0.0.2' },
  ),
  row(
    'elsewhere client.address is what anybody wrote',
    'nodejs',
    { ...GET, 'client.address': '203.0.113.7' },
    'GET /a 200',
    { url: 'https://localhost/a' },
  ),
  row(
    'the title of a request without a path is the name of its span without secrets',
    'go',
    { 'http.request.method': 'GET' },
    'GET /token/redacted 200',
    {},
    { name: 'GET /token/9fK2mQ7x' },
  ),
  {
    name: 'a call of MCP that fails, with a class of error and without a status, as in Python',
    spans: [
      {
        ...{ id: 'call', parent: 'a', kind: 'SERVER' },
        attributes: { 'mcp.method.name': 'tools/call', 'error.type': 'tool_error' },
      },
      request('a', { attributes: { 'http.request.method': 'POST', 'url.path': '/mcp' } }),
    ],
    options: { dimensions: { 1: 'matomo.failed_endpoint' } },
    hits: [{ hit: 'MCP tools/call 200', params: { dimension1: 'error MCP tools/call' } }],
  },
]);
