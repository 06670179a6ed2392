module.exports = (app) => {
  app.get('/users/:id', (context) => {
    context.body = 'ok';
  });
  app.post('/orders', (context) => {
    context.status = 201;
    context.body = 'ok';
  });
  app.get('/fails', () => {
    throw new TypeError('no such luck');
  });
};
