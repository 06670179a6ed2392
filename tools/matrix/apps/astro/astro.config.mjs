import node from '@astrojs/node';

export default {
  output: 'server',
  build: { inlineStylesheets: 'never' },
  vite: { build: { assetsInlineLimit: 0 } },
  adapter: node({ mode: 'standalone' }),
  security: { checkOrigin: false }, // the matrix posts without an `Origin` header
};
