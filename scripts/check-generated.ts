import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Generates the schema code anew, elsewhere, and compares: the committed code is what the .proto files say. */
const folder = mkdtempSync(join(tmpdir(), 'hansa-generated-'))
try {
  execFileSync('buf', ['generate', '--template', 'scripts/config/buf.gen.yaml', '--config', 'scripts/config/buf.yaml', '--output', folder], {
    stdio: 'inherit'
  })
  const committed = globSync('src/schema/generated/**/*.ts')
  const fresh = globSync('src/schema/generated/**/*.ts', { cwd: folder })
  const all = [...new Set([...committed, ...fresh])].sort()
  const differing = all.filter(
    (file) => !committed.includes(file) || !fresh.includes(file) || readFileSync(file, 'utf8') !== readFileSync(join(folder, file), 'utf8')
  )
  for (const file of differing) console.error(`${file} is not what the schema says: run npm run generate`)
  console.log(`generated code: ${all.length} files, ${differing.length} differ`)
  process.exitCode = fresh.length > 0 && differing.length === 0 ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
