// An ES module of which only sentry-instrument.mjs knows Sentry and this package.
import { createServer } from 'node:http';
import * as Sentry from '@sentry/node';
import express from 'express';
import { closeSentry } from '../sentry-stand-in.cjs';
import { serve } from '../serve.cjs';

const app = express();
app.set('env', 'test'); // so that it does not log errors
app.get('/users/:id', (_request, response) => response.send('ok'));
app.post('/orders', (_request, response) => response.status(201).send('ok'));
app.get('/fails', () => {
  throw new TypeError('no such luck');
});

serve(createServer(app), () => closeSentry(Sentry));
