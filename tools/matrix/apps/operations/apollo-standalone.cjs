const { ApolloServer } = require('@apollo/server');
const { startStandaloneServer } = require('@apollo/server/standalone');
const { resolvers, typeDefs } = require('./schema.cjs');

async function main() {
  const options = { includeStacktraceInErrorResponses: false, stopOnTerminationSignals: false };
  const apollo = new ApolloServer({ typeDefs, resolvers, ...options });
  const listen = { port: 0, host: '127.0.0.1' };
  const { url } = await startStandaloneServer(apollo, { listen });
  process.stdout.write(`${url.replace(/\/$/, '')}\n`);
}

void main();
