import { expect, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { exportRequest, otlpSpan, SERVER } from '../support/otlp-spans.js';

type Attributes = Parameters<typeof otlpSpan>[0];

// As the instrumentations' own documentation and sources give them; what others send is in the recordings.
test.each<[string, string, Attributes, Record<string, string>]>([
  [
    'Java agent 2, Tomcat',
    'java',
    {
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'http.route': '/users/{id}',
      'url.scheme': 'https',
      'url.path': '/users/42',
      'url.query': 'page=2',
      'server.address': 'shop.example.org',
      'server.port': 443,
      'client.address': '203.0.113.7',
      'network.peer.address': '10.0.0.2',
      'network.peer.port': 40000,
      'network.protocol.version': '1.1',
      'user_agent.original': 'curl/8.5.0',
      'error.type': '500',
    },
    {
      url: 'https://shop.example.org/users/42?page=2',
      action_name: 'GET /users/{id}',
      ua: 'curl/8.5.0',
      cip: '10.0.0.2',
    },
  ],
  [
    'Java agent 1',
    'java',
    {
      'http.method': 'POST',
      'http.status_code': 201,
      'http.route': '/orders',
      'http.scheme': 'http',
      'http.target': '/orders?x=1',
      'net.host.name': 'shop.example.org',
      'net.host.port': 8080,
      'http.client_ip': '203.0.113.7',
      'net.sock.peer.addr': '10.0.0.2',
      'user_agent.original': 'curl/8.5.0',
    },
    {
      url: 'https://shop.example.org:8080/orders?x=1',
      action_name: 'POST /orders',
      cip: '10.0.0.2',
    },
  ],
  [
    '.NET, ASP.NET Core',
    'dotnet',
    {
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'http.route': 'users/{id}',
      'url.scheme': 'https',
      'url.path': '/users/42',
      'url.query': '?page=2',
      'server.address': 'shop.example.org',
      'user_agent.original': 'curl/8.5.0',
      'network.protocol.version': '2',
    },
    { url: 'https://shop.example.org/users/42?page=2', action_name: 'GET users/{id}' },
  ],
  [
    '.NET before the stable names',
    'dotnet',
    {
      'http.method': 'GET',
      'http.status_code': 200,
      'http.route': 'users/{id}',
      'http.scheme': 'https',
      'http.target': '/users/42',
      'http.url': 'https://shop.example.org/users/42?page=2',
      'net.host.name': 'shop.example.org',
      'http.user_agent': 'curl/8.5.0',
    },
    { url: 'https://shop.example.org/users/42?page=2', action_name: 'GET users/{id}' },
  ],
  [
    'Go, otelhttp with stable names',
    'go',
    {
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'http.route': '/users/{id}',
      'url.scheme': 'http',
      'url.path': '/users/42',
      'server.address': 'shop.example.org',
      'server.port': 8080,
      'client.address': '203.0.113.7',
      'network.peer.address': '10.0.0.2',
      'user_agent.original': 'curl/8.5.0',
    },
    {
      url: 'https://shop.example.org:8080/users/42',
      action_name: 'GET /users/{id}',
      cip: '10.0.0.2',
    },
  ],
  [
    'Python behind a proxy: the port is of the listener',
    'python',
    {
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'url.path': '/a b',
      'server.address': 'shop.example.org',
      'server.port': 8000,
      'client.address': '10.0.0.2',
    },
    { url: 'https://shop.example.org/a%20b', cip: '10.0.0.2' },
  ],
  [
    'elsewhere client.address is what anybody wrote',
    'nodejs',
    { 'http.request.method': 'GET', 'url.path': '/a', 'client.address': '203.0.113.7' },
    { url: 'https://localhost/a', action_name: 'GET /a' },
  ],
  [
    'an IPv6 address for a host',
    'go',
    { 'http.method': 'GET', 'http.target': '/a', 'net.host.name': '[::1]:8080' },
    { url: 'https://[::1]:8080/a' },
  ],
])('%s', async (_name, language, attributes, params) => {
  const { gateway, inspector } = await startGateway();
  const span = otlpSpan(attributes, { kind: SERVER });
  const resource = { 'service.name': 'shop', 'telemetry.sdk.language': language };
  await sendSpans(gateway, exportRequest([span], resource));
  await eventually(() => gateway.stats().tracked === 1);
  const [hit] = inspector.hits();
  expect(hit?.params).toMatchObject(params);
  expect(hit?.params.cip).toBe(params.cip);
});

test.each<[string, Attributes]>([
  ['gRPC', { 'rpc.system': 'grpc', 'rpc.method': 'Get', 'http.method': 'POST' }],
  ['messaging', { 'messaging.system': 'kafka' }],
  ['a function', { 'faas.trigger': 'timer' }],
])('a SERVER span of %s is no request', async (_name, attributes) => {
  const { gateway } = await startGateway();
  await sendSpans(gateway, exportRequest([otlpSpan(attributes, { kind: SERVER })]));
  await eventually(() => gateway.stats().spans.unused === 1);
  expect(gateway.stats().hits).toBe(0);
});
