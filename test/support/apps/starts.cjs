const { start } = require('opentelemetry-matomo');

require('./starts-framework.cjs')(start, require);
