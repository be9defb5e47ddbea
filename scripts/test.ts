import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Runs the tests: `npm test`, or a part of them: `npm test -- FILE... [mocha options]`. Tests without I/O run side by side; tests with sockets,
 * processes and real time run one file after the other, since each of them wants both cores. The last line has the counts.
 */
// --exit: a handle that a failed test left open must not hang the run.
const GROUPS = [
  { folders: ['unit', 'contract', 'sim', 'fuzz'], options: ['--parallel', '--jobs', '2'] },
  { folders: ['draft', 'integration', 'examples', 'e2e', 'interop'], options: ['--exit'] }
]

function mocha(args: readonly string[], counts: string): boolean {
  const { status } = spawnSync('mocha', args, { stdio: 'inherit', env: { ...process.env, HANSA_COUNTS: counts } })
  return status === 0
}

const folder = mkdtempSync(join(tmpdir(), 'hansa-test-'))
const counts = join(folder, 'counts')
let ok = true
try {
  const wanted = process.argv.slice(2)
  if (wanted.length > 0) ok = mocha(wanted, counts)
  else {
    for (const { folders, options } of GROUPS) {
      const files = globSync(`test/{${folders.join(',')}}/**/*.test.ts`).sort()
      if (files.length === 0) continue
      const begin = performance.now()
      if (!mocha([...options, ...files], counts)) ok = false
      console.log(`${folders.join(', ')}: ${((performance.now() - begin) / 1000).toFixed(1)} s\n`)
    }
  }
  const lines = readFileSync(counts, 'utf8').trim().split('\n')
  const sum = (column: number): number => lines.reduce((total, line) => total + Number(line.split(' ')[column]), 0)
  console.log(`${sum(0)} passed, ${sum(1)} failed, ${sum(2)} skipped`)
} catch (error) {
  // No counts: mocha could not even load the files, and has said why.
  console.error(error instanceof Error ? error.message : error)
  ok = false
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = ok ? 0 : 1
