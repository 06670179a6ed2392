const { startNext } = require('./next-app.cjs');

// The application is built without this package.
void startNext();
