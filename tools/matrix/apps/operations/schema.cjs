// One schema for every GraphQL server. NAMED asks for the line that names operations without an instrumentation.
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
exports.isNamed = process.env.NAMED === '1';
