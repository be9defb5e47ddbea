import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'

/** Mode of files that hold a secret. */
export const PRIVATE = 0o600

/** Writes a whole file or nothing: readers and a crash see the old content or the new one. The content is on disk when it returns. */
export async function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      // The mode of open() is narrowed by the umask; what is asked for is what counts.
      await file.chmod(mode)
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
