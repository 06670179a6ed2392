// Logging middlewares of others, which call the application when a response has finished or its client has left.
const { setTimeout: delay } = require('node:timers/promises');
const morgan = require('morgan');
const { annotate, trackEvent } = require('opentelemetry-matomo');

const searchOf = (url) => url.split('?')[1] ?? 'none';

module.exports = {
  async 'answers later'() {
    await delay(2);
  },
  /** Its lines make hits instead. */
  'logs with morgan'({ request, response, url }) {
    const logger = morgan((tokens) => {
      const line = `${tokens.status(request, response) ?? '-'} ${searchOf(url)}`;
      annotate({ dimension5: line });
      trackEvent('Logged', line);
    });
    return new Promise((resolve) => logger(request, response, () => resolve()));
  },
};
