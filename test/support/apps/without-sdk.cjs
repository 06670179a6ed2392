// A preload for a process where nothing of OpenTelemetry is installed, or (APP_HAS_SDK) where only the application finds it.
const Module = require('node:module');
const { basename } = require('node:path');

const { _resolveFilename: resolve } = Module;
Module._resolveFilename = function resolveWithoutSdk(request, parent, ...others) {
  if (/^@opentelemetry\//.test(request) && !isInstalledFor(parent?.filename ?? '')) {
    throw Object.assign(new Error(`${request} is hidden`), { code: 'MODULE_NOT_FOUND' });
  }
  return resolve.call(this, request, parent, ...others);
};

/** `register` looks from an `index.js` in the application's folder, whether there is one or not. */
function isInstalledFor(file) {
  if (!process.env.APP_HAS_SDK) return false;
  return /node_modules.@opentelemetry/.test(file) || basename(file) !== 'index.js';
}
