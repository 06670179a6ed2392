// Prints, for each place of an application, how many lines of the stack of an error there name this package, and if its message does.
const { createServer, request } = require('node:http');
const express = require('express');

Error.stackTraceLimit = 100;
const OURS = /opentelemetry-matomo|[\\/]dist[\\/](?:cjs|esm)[\\/](?:chunks|register)/;
const frames = {};
const note = (place, error = new Error('of the application')) => {
  const [, ...lines] = error.stack.split('\n').filter((line) => !line.includes(__filename));
  frames[place] = [lines.filter((line) => OURS.test(line)).length, OURS.test(error.message)];
};

const server = createServer((incoming, response) => {
  if (incoming.url === '/express') return fail(incoming, response);
  note('handler');
  response.on('finish', () => note('finish')).on('close', () => note('close'));
  incoming
    .on('data', () => note('data'))
    .on('end', () => {
      note('end');
      setImmediate(() => {
        note('later');
        response.end();
      });
    });
});

function fail(incoming, response) {
  const failing = express();
  failing.get('/express', () => {
    throw new Error('of the application');
  });
  failing.use((error, _request, answer, _next) => {
    note('Express', error);
    answer.end();
  });
  failing(incoming, response);
}

server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  const post = (path) =>
    new Promise((resolve) => {
      const sent = request({
        port,
        host: '127.0.0.1',
        path,
        method: path === '/' ? 'POST' : 'GET',
      });
      sent
        .on('response', (response) => response.resume().on('end', resolve))
        .end(path === '/' ? 'body' : '');
    });
  await post('/');
  await post('/express');
  setImmediate(() => {
    console.log(JSON.stringify(frames));
    process.exit();
  });
});
