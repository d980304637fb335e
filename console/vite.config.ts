import { defineConfig } from 'vite';

/** The console: `vite build` writes dist/console, which the daemon serves; `vite` serves it with another daemon's API. */
export default defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    target: 'es2023',
    // Strict CSP: everything is a file of its own, nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': process.env['WALHOOK_URL'] ?? 'http://127.0.0.1:9464', '/healthz': process.env['WALHOOK_URL'] ?? 'http://127.0.0.1:9464' } },
});
