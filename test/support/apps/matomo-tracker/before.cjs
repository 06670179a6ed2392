// A service that tracks with the npm package matomo-tracker.
const { createServer } = require('node:http');
const MatomoTracker = require('matomo-tracker');

const matomo = new MatomoTracker(1, `${process.env.MATOMO_URL}/matomo.php`);
matomo.on('error', (error) => console.error(`not tracked: ${error}`));

const server = createServer((request, response) => {
  const url = `http://${request.headers.host}${request.url}`;
  const ua = request.headers['user-agent'];
  matomo.track({ url, ua, action_name: 'Checkout', uid: 'customer-17' });
  const events = [
    { url, ua, uid: 'customer-17', e_c: 'Shop', e_a: 'paid', e_n: 'card', e_v: 20 },
    { url, ua, uid: 'customer-17', idgoal: 2, revenue: 5 },
    {
      url,
      ua,
      uid: 'customer-17',
      idgoal: 0,
      ec_id: 'A-1',
      revenue: 20,
      ec_items: '[["mug","Mug","Kitchen",10,2]]',
    },
    { url, ua, uid: 'customer-17', download: 'http://shop.example/invoice.pdf' },
  ];
  matomo.trackBulk(events, (answer) => response.end(answer));
});

server.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
process.once('SIGTERM', () => process.exit());
