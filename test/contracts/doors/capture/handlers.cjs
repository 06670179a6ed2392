// What handlers do, by name. They return what the framework is to send, or send it themselves.
module.exports = {
  ...require('./handlers/responses.cjs'),
  ...require('./handlers/functions.cjs'),
  ...require('./handlers/bodies.cjs'),
  ...require('./handlers/middlewares.cjs'),
  ...require('./handlers/operations.cjs'),
  ...require('./handlers/spans.cjs'),
  ...require('./handlers/span-ends.cjs'),
  ...require('./handlers/sockets.cjs'),
  ...require('./handlers/span-calls.cjs'),
  ...require('./handlers/chatbots.cjs'),
  ...require('./handlers/unreadable.cjs'),
};
