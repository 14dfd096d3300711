import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import type { Plugin } from 'vite'

/** Serves the API document at `/openapi.json`: beside the development server, and as a file of the build. */
export function apiDocument(path: string): Plugin {
  const read = () => readFileSync(resolve(import.meta.dirname, '..', path))
  return {
    name: 'dayloom:api-document',
    configureServer(server) {
      server.middlewares.use('/openapi.json', (_request, response) => {
        response.setHeader('Content-Type', 'application/json').end(read())
      })
    },
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'openapi.json', source: read() })
    },
  }
}
