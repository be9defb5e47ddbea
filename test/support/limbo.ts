import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')
const FILE = '../shared/testdata/x509-limbo-agent-subset.json'

/**
 * Cases of C2SP/x509-limbo (Apache-2.0) that are about agents' certificates, where they are at hand: beside the checkout, or beside the one that this is a
 * working tree of. Undefined elsewhere.
 */
export function limboFile(): string | undefined {
  const git = spawnSync('git', ['rev-parse', '--path-format=absolute', '--git-common-dir'], { cwd: ROOT, encoding: 'utf8' })
  const checkouts = [ROOT, ...(git.status === 0 ? [dirname(git.stdout.trim())] : [])]
  return checkouts.map((checkout) => join(checkout, FILE)).find((file) => existsSync(file))
}
