// A page that opens a socket.io session by polling, and an event stream.
const { createServer } = require('node:http');
const { Server } = require('socket.io');

const PAGE = `<!doctype html>
<title>Streams</title>
<link rel="icon" href="/icon.svg">
<script src="/socket.io/socket.io.js"></script>
<script>
  const socket = io({ transports: ['polling'] });
  let echoes = 0;
  socket.on('echo', () => (echoes++ < 3 ? socket.emit('echo') : (document.title += ' polled')));
  socket.on('connect', () => socket.emit('echo'));
  new EventSource('/events').onmessage = () => (document.title += ' streamed');
</script>`;

const server = createServer((request, response) => {
  if (request.url === '/') return response.setHeader('Content-Type', 'text/html').end(PAGE);
  if (request.url !== '/events') return response.writeHead(404).end();
  response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: one\n\n');
});
new Server(server).on('connection', (socket) => socket.on('echo', () => socket.emit('echo')));
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
