// What handlers do, by name. They return what the framework is to send, or send it themselves.
module.exports = {
  ...require('./handlers/responses.cjs'),
  ...require('./handlers/functions.cjs'),
  ...require('./handlers/spans.cjs'),
};
