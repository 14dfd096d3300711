import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

import { apiDocument } from './build/api-document.ts'
import { precompress } from './build/precompress.ts'

/** Where `dayloom up` listens by default; `npm run dev` passes the API through to it. */
const SERVER = 'http://127.0.0.1:3000'

export default defineConfig({
  plugins: [react(), tailwindcss(), apiDocument('../components/web/openapi.json'), precompress()],
  build: {
    // What every browser of the last three years runs; nothing is polyfilled.
    target: 'es2022',
    rolldownOptions: { input: { app: 'index.html', docs: 'docs/index.html' } },
    // The pages are served with a policy that allows neither inline script nor `data:` fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The reference viewer is one prebuilt file of 1.7 MB, loaded on `/docs` alone.
    chunkSizeWarningLimit: 2000,
  },
  server: {
    proxy: {
      '/api': SERVER,
      '/health': SERVER,
      '/ws': { target: SERVER, ws: true },
    },
  },
  test: { include: ['app/**/*.test.ts'] },
})
