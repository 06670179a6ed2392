const { startNext } = require('./next-app.cjs');

void startNext();
