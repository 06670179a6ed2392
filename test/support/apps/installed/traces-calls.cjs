// Sentry traces all requests, also those that the process sends to TARGET at /calls. At /seen, what it has of them.
const Sentry = require('@sentry/node');

const breadcrumbs = [];
const spans = [];
Sentry.init({
  dsn: process.env.SENTRY_DSN,
  tracesSampleRate: 1,
  beforeBreadcrumb(breadcrumb) {
    breadcrumbs.push(String(breadcrumb.data?.url));
    return breadcrumb;
  },
  beforeSendTransaction(transaction) {
    for (const { data } of [transaction.contexts.trace, ...transaction.spans])
      spans.push(String(data['url.full'] ?? data.url));
    return null;
  },
});

const http = require('node:http');

const get = (url) =>
  new Promise((resolve, reject) => {
    http.get(url, (response) => response.resume().on('end', resolve)).on('error', reject);
  });

globalThis.hostAnswers = {
  async '/calls'() {
    await get(`${process.env.TARGET}/http`);
    await (await fetch(`${process.env.TARGET}/fetch`)).text();
    return 'called';
  },
  async '/seen'() {
    await Sentry.flush(1000);
    return { breadcrumbs, spans };
  },
};
require('./host-app.cjs');
