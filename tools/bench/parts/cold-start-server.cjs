// The smallest server, whose start is measured. Sends its address.
const { createServer } = require('node:http');

const server = createServer((_request, response) => response.end('{"id":1}'));
server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}`));
process.on('disconnect', () => process.exit());
