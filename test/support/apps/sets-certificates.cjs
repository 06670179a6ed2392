// A preload of an application that trusts an authority of its own.
const { readFileSync } = require('node:fs');
const { setDefaultCACertificates } = require('node:tls');

setDefaultCACertificates([readFileSync(process.env.CA, 'utf8')]);
