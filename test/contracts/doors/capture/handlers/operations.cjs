// Operations that fail although they are answered with status 200.
const { channel } = require('node:diagnostics_channel');
const { trace } = require('@opentelemetry/api');

const answer = (body) => () => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
const FAILED = { data: null, errors: [{ message: 'no such order' }] };
const answerFailure = answer(FAILED);

/** What graphql 17 announces of an operation. */
function execute(operationName, result) {
  const publish = (event, message) =>
    channel(`tracing:graphql:execute:${event}`).publish({ operationName, ...message });
  publish('start', {});
  publish('asyncEnd', { result });
}

module.exports = {
  /** As the instrumentation of graphql 16 does. */
  'traces a GraphQL query that fails'() {
    const attributes = {
      'graphql.operation.name': 'TracedQuery',
      'graphql.operation.type': 'query',
    };
    const span = trace.getTracer('graphql').startSpan('query TracedQuery', { attributes });
    span.recordException(new RangeError('no such order'));
    span.end();
    return answerFailure();
  },
  'announces a GraphQL query that fails'() {
    const error = { name: 'GraphQLError', originalError: new RangeError('no such order') };
    execute('AnnouncedFailure', { data: null, errors: [error] });
    return answerFailure();
  },
  'announces a GraphQL query that succeeds'() {
    execute('AnnouncedSuccess', { data: {} });
    return answer({ data: {} })();
  },
};
