import { createServer } from 'node:http';
import { H3 } from 'h3';
import { toNodeHandler } from 'h3/node';
import { tracingPlugin } from 'h3/tracing';
import { serve } from '../serve.cjs';

const app = new H3({ silent: true });
app.register(tracingPlugin());
app.get('/users/:id', () => 'ok');
app.post('/orders', (event) => {
  event.res.status = 201;
  return 'ok';
});
app.get('/fails', () => {
  throw new TypeError('no such luck');
});
serve(createServer(toNodeHandler(app)));
