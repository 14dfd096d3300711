import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

import type { Plugin } from 'vite'

/** A compressed form stays only if it saves a tenth; less is not worth a client's time to unpack. */
const WORTH_KEEPING = 0.9

/** Writes `x.br` and `x.gz` beside each file `x` of the build, as small as they get: it is done once and served for ever. */
export function precompress(): Plugin {
  let directory = ''
  return {
    name: 'dayloom:precompress',
    apply: 'build',
    configResolved(config) {
      directory = join(config.root, config.build.outDir)
    },
    closeBundle() {
      for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) compress(join(entry.parentPath, entry.name))
      }
    },
  }
}

function compress(path: string): void {
  const bytes = readFileSync(path)
  const brotli = brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  })
  const forms = { br: brotli, gz: gzipSync(bytes, { level: 9 }) }
  for (const [suffix, form] of Object.entries(forms)) {
    if (form.length < bytes.length * WORTH_KEEPING) writeFileSync(`${path}.${suffix}`, form)
  }
}
