#!/usr/bin/env node
// Plain old JavaScript: an older Node must be able to read this file to say that it is too old.
import { existsSync } from 'node:fs'
import module from 'node:module'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 21)) {
  console.error(`hansa: Node 24.21 or newer is needed, this is ${process.versions.node}.`)
  process.exitCode = 1
} else {
  if (module.enableCompileCache) module.enableCompileCache()
  // A checkout runs its sources as they are, a package what was built of them.
  const source = new URL('../src/cli/main.ts', import.meta.url)
  const entry = existsSync(source) ? source : new URL('../dist/cli/main.js', import.meta.url)
  import(entry.href).then((cli) => cli.main())
}
