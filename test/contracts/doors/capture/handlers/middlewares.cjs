// Logging middlewares of others, which call the application when a response has finished or its client has left.
const { setTimeout: delay } = require('node:timers/promises');
const morgan = require('morgan');
const onFinished = require('on-finished');
const { annotate, ignore, trackEvent } = require('opentelemetry-matomo');

const searchOf = (url) => url.split('?')[1] ?? 'none';

/** Morgan, whose lines make hits instead. */
function logs(use, options = {}) {
  const logger = morgan((tokens, request, response) => {
    use(`${tokens.status(request, response) ?? '-'} ${searchOf(tokens.url(request, response))}`);
  }, options);
  return ({ request, response }) =>
    new Promise((resolve) => logger(request, response, () => resolve()));
}

module.exports = {
  async 'answers later'() {
    await delay(2);
  },
  'logs with morgan': logs((line) => {
    annotate({ dimension5: line });
    trackEvent('Logged', line);
  }),
  'logs with morgan at once': logs((line) => trackEvent('Logged', line), { immediate: true }),
  'logs with morgan, and ignores': logs(() => ignore()),
  'waits with on-finished'({ request, response, url }) {
    const search = searchOf(url);
    onFinished(request, () => trackEvent('Read', search));
    onFinished(response, () => {
      annotate({ dimension5: search });
      trackEvent('Sent', search);
    });
  },
  /** It calls back later if the response has finished already. */
  'waits with on-finished too late'({ response, url }) {
    response.on('close', () => onFinished(response, () => trackEvent('Late', searchOf(url))));
  },
};
