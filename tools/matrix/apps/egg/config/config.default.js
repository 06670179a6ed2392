module.exports = {
  keys: 'matrix',
  security: { csrf: { enable: false } },
  logger: { level: 'NONE', consoleLevel: 'NONE' },
};
