// Calls the server at URL with the client library CLIENT, and prints the status of each response as JSON.
const { Agent } = require('node:http');

const { CLIENT, HEADERS, URL: url } = process.env;
const headers = JSON.parse(HEADERS);
const statuses = [];

/** Failures of operations are part of what is called. */
const settle = (call) =>
  call.then(
    () => undefined,
    () => undefined,
  );

async function recordingFetch(...request) {
  const response = await fetch(...request);
  statuses.push(response.status);
  return response;
}

const GRAPHQL = [
  ['mutation', 'mutation CreateOrder { createOrder }'],
  ['query', 'query Greeting { greeting }'],
  ['query', 'query NoSuchField { nothing }'],
];

const clients = {
  async apollo() {
    const { ApolloClient, gql, HttpLink, InMemoryCache } = require('@apollo/client/core');
    const link = new HttpLink({ uri: url, headers, fetch: recordingFetch });
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    for (const [kind, text] of GRAPHQL) {
      const document = gql(text);
      await settle(
        kind === 'query'
          ? client.query({ query: document })
          : client.mutate({ mutation: document }),
      );
    }
  },
  async trpc() {
    const { createTRPCClient, httpBatchLink, httpLink } = require('@trpc/client');
    const options = { url, headers, fetch: recordingFetch };
    const single = createTRPCClient({ links: [httpLink(options)] });
    const batching = createTRPCClient({ links: [httpBatchLink(options)] });
    await settle(single.user.byId.query());
    await settle(single.order.create.mutate());
    const { user, failing } = batching;
    await settle(Promise.allSettled([user.byId.query(), failing.query(), user.byId.query()]));
    await settle(Promise.all([user.byId.query(), user.byId.query()]));
    await settle(single.failing.query());
    await settle(single.no.such.query());
  },
  async jayson() {
    const jayson = require('jayson/promise');
    const { hostname, port, pathname: path } = new URL(url);
    // It aborts a request when the agent's timeout is over, which by default is 5 seconds: a busy machine may take longer.
    const agent = new Agent({ keepAlive: true });
    const client = jayson.Client.http({ hostname, port, path, headers, agent });
    client.on('http response', ({ statusCode }) => statuses.push(statusCode));
    await settle(client.request('add', [1, 2]));
    await settle(client.request('failing', []));
    await settle(
      client.request([
        client.request('add', [1, 2], undefined, false),
        client.request('add', [3, 4], undefined, false),
      ]),
    );
  },
};

clients[CLIENT]().then(() => process.stdout.write(JSON.stringify(statuses)));
