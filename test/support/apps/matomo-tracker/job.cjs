// Work without a request: a queue worker or a cron job. Started with `--require opentelemetry-matomo/register`.
const { MatomoSpanProcessor, trackEvent, trackOrder } = require('opentelemetry-matomo');

const processor = new MatomoSpanProcessor();

async function renew({ user, id, price }) {
  trackOrder({ id, revenue: price }, { uid: user });
  trackEvent('Subscription', 'renewed', { uid: user, value: price });
}

void renew({ user: 'ann', id: 'R-7', price: 9 }).then(() => processor.shutdown());
