import { defineConfig } from 'vite';

/** `VITE_INSIDE` bundles dependencies, too. */
export default defineConfig({
  ssr: { noExternal: process.env.VITE_INSIDE ? true : undefined },
  build: {
    ssr: 'bundlers/app.mjs',
    outDir: process.env.VITE_INSIDE ? 'bundlers/vite-inside' : 'bundlers/vite',
    rollupOptions: { output: { entryFileNames: 'app.mjs' } },
  },
});
