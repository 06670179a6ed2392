// What a handler does with its request and response, whichever API of Node.js they have.
const { once } = require('node:events');

/** Over HTTP/1.1, and the compatibility API of HTTP/2. `handle` is what the framework passes to a handler. */
class Exchange {
  constructor(request, response, handle = request) {
    this.request = request;
    this.response = response;
    this.handle = handle;
    this.isTaken = false;
    this.onTake = () => undefined;
  }

  /** The framework sends nothing from here on. */
  take() {
    if (!this.isTaken) this.onTake();
    this.isTaken = true;
    return this;
  }

  get url() {
    return this.request.url;
  }

  begin(status = 200, headers = {}) {
    this.take().response.writeHead(status, headers);
    return this;
  }

  write(chunk) {
    this.take().response.write(chunk);
    return this;
  }

  end(chunk) {
    this.take().response.end(chunk);
  }

  destroy() {
    this.take().response.destroy();
  }

  /** `finish` of the response, or `close` of the request. */
  onFinish(listener) {
    this.response.on('finish', listener);
  }

  onClose(listener) {
    this.response.on('close', listener);
  }

  /** Acts when the end of the request is not waited for any longer. The client knows that it is to wait, and when that has happened. */
  longAfter(act) {
    const { url } = this;
    process.stdout.write(`postponed ${url}\n`);
    this.onFinish(() =>
      setTimeout(() => {
        act();
        process.stdout.write(`acted ${url}\n`);
      }, 2500),
    );
  }

  onRequestClose(listener) {
    this.request.on('close', listener);
  }

  onBody(listener) {
    let body = '';
    this.request.setEncoding('utf8').on('data', (text) => {
      body += text;
    });
    this.request.on('end', () => listener(body));
  }

  closed() {
    return this.response.destroyed ? undefined : once(this.response, 'close');
  }
}

/** Over HTTP/2, with the `stream` event. */
class StreamExchange extends Exchange {
  constructor(stream, headers) {
    super({ url: headers[':path'], method: headers[':method'], headers }, stream, stream);
    this.stream = stream;
  }

  begin(status = 200, headers = {}) {
    this.take().stream.respond({ ...headers, ':status': status });
    return this;
  }

  write(chunk) {
    if (!this.stream.headersSent) this.begin();
    return super.write(chunk);
  }

  end(chunk) {
    if (!this.stream.headersSent) this.begin();
    super.end(chunk);
  }

  onRequestClose(listener) {
    this.stream.on('close', listener);
  }

  onBody(listener) {
    this.request = this.stream;
    super.onBody(listener);
  }
}

module.exports = { Exchange, StreamExchange };
