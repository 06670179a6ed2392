// Knows nothing of OpenTelemetry or Matomo. A preload may give it more to answer with, by path. HANDLES_ERRORS: errors that nobody handles are
// printed and do not end it.
const { createServer } = require('node:http');

if (process.env.HANDLES_ERRORS) {
  process.on('uncaughtException', (error) => process.stderr.write(`unhandled: ${error.stack}\n`));
}
const server = createServer(async (request, response) => {
  const answer = globalThis.hostAnswers?.[request.url];
  const value = answer ? await answer(request, response) : 'ok';
  response.end(typeof value === 'string' ? value : JSON.stringify(value));
});
server.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
