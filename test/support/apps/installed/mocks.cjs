// A preload with a library (MOCKS) that answers all requests which the process sends.
const { MOCKS } = process.env;
const loaded = require(MOCKS === 'msw' ? 'msw/node' : 'nock');

const log = (text) => process.stderr.write(`mocked: ${text}\n`);
if (MOCKS === 'msw') {
  const { http, HttpResponse } = require('msw');
  const answer = ({ request }) => {
    log(request.url);
    return new HttpResponse('mocked');
  };
  loaded.setupServer(http.all('*', answer)).listen({ onUnhandledRequest: 'error' });
} else {
  const nock = loaded.default ?? loaded;
  nock.disableNetConnect();
  const answer = () => {
    log('a POST');
    return 'mocked';
  };
  nock(/.*/).persist().post(/.*/).reply(200, answer);
  nock(/.*/).persist().get(/.*/).reply(200, 'mocked');
}

globalThis.hostAnswers = {
  async '/calls'() {
    const { get } = require('node:http');
    const answer = await new Promise((resolve, reject) =>
      get('http://127.0.0.1:9/', resolve).on('error', reject),
    );
    let text = '';
    for await (const chunk of answer.setEncoding('utf8')) text += chunk;
    return text;
  },
};
