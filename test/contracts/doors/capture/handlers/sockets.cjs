const RAW = 'HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy';

module.exports = {
  'answers on the socket': (exchange) => void exchange.take().response.socket.end(RAW),
  'destroys the socket': (exchange) => void exchange.take().response.socket.destroy(),
  'sends informational responses'({ response }) {
    response.writeProcessing();
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
  },
  /** Everything is sent, and the response is not ended. */
  'sends all, and does not end'(exchange) {
    exchange.begin(200, { 'content-type': 'text/html', 'content-length': '4' }).write('half');
  },
};
