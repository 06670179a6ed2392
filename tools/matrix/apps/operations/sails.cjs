// Sails has a router of its own, and sets `request.baseUrl` to an origin.
const { Sails } = require('sails');
const { serve } = require('../serve.cjs');

const ok = (_request, response) => response.send('ok');
const fail = (_request, response) => response.status(500).send('no such luck');
const hooks = { grunt: false, session: false, pubsub: false, i18n: false, views: false };
const sails = new Sails();
const options = {
  appPath: __dirname,
  environment: 'test',
  log: { level: 'silent' },
  globals: false,
  hooks,
  port: 0,
  explicitHost: '127.0.0.1',
  routes: { 'GET /users/:id': ok, 'GET /fails/:id': fail },
};
sails.lift(options, (error) => {
  if (error) throw error;
  serve(sails.hooks.http.server);
});
