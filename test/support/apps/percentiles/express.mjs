import express from 'express';

const app = express();
app.get('/users/:id', (_request, response) => response.send('ok'));

const server = app.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
