// One schema for every GraphQL server.
exports.typeDefs = `
  type Query { greeting: String, failing: String }
  type Mutation { createOrder: Boolean }
`;

const failing = () => {
  throw new RangeError('no such luck');
};
const createOrder = () => true;

exports.resolvers = {
  Query: { greeting: () => 'hello', failing },
  Mutation: { createOrder },
};
