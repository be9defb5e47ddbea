import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The installed openssl at work in a folder of its own. */
export interface OpenSsl {
  /** Path of a file with these contents. */
  file(name: string, contents: Uint8Array | string): string
  path(name: string): string
  /** What it prints, errors included; throws with that when it fails. */
  run(...args: string[]): string
  /** What it prints, errors included, whether it fails or not. */
  say(...args: string[]): string
  remove(): void
}

/** Undefined where openssl is not installed. */
export function openSsl(): OpenSsl | undefined {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  const say = (args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 })
    return { status, output: stdout + stderr }
  }
  const dir = mkdtempSync(join(tmpdir(), 'hansa-openssl-'))
  return {
    file(name, contents) {
      const path = join(dir, name)
      writeFileSync(path, contents)
      return path
    },
    path: (name) => join(dir, name),
    run(...args) {
      const { status, output } = say(args)
      if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${output}`)
      return output
    },
    say: (...args) => say(args).output,
    remove: () => rmSync(dir, { recursive: true, force: true })
  }
}
