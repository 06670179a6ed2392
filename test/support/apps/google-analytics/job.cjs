// Events without a request. Started with `--require opentelemetry-matomo/register`.
const { trackEvent } = require('opentelemetry-matomo');

function renew({ clientId, userId, plan, renewedAt }) {
  trackEvent('Subscription', 'renewed', {
    name: plan,
    cid: clientId,
    ...(userId && { uid: userId }),
    cdt: renewedAt,
  });
}

renew({ clientId: '123456789.1234567890', plan: 'pro', renewedAt: new Date(Date.now() - 60_000) });
renew({ clientId: '3f2504e0-4f89-41d3-9a0c-0305e82c3301', userId: 'u-17', plan: 'pro' });
