const { Readable } = require('node:stream');

/** Bodies of 5,000 bytes. */
const BODY = 'x'.repeat(5000);

module.exports = {
  'sends 5,000 bytes': () => ({
    headers: { 'content-type': 'text/html', 'content-length': '5000' },
    body: BODY,
  }),
  'sends 5,000 bytes in parts'(exchange) {
    exchange.begin(200, { 'content-type': 'text/html; charset=utf-8' });
    for (let i = 0; i < 5; i++) exchange.write(BODY.slice(0, 1000));
    exchange.end();
  },
  'streams 5,000 bytes': () => ({
    headers: { 'content-type': 'text/html', 'content-length': '5000' },
    body: Readable.from([BODY]),
  }),
};
