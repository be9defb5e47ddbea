import { finishChange } from '../home/file-changes.ts'
import type { Home } from '../home/open-home.ts'
import { writeFileAtomic } from '../home/write-file.ts'
import { readAuthority } from './authority-files.ts'

/** Before a node starts, with its home locked: does what a command that was interrupted has left, and notes since when members can hear of the next root. */
export async function prepareAuthority({ paths, config }: Home, now: number): Promise<void> {
  await finishChange(paths)
  if (!config.roles.includes('aca')) return
  const { rollover } = await readAuthority(paths)
  if (rollover?.phase !== 'announced' || rollover.servedSince !== undefined) return
  await writeFileAtomic(paths.aca.rollover, JSON.stringify({ ...rollover, servedSince: now }) + '\n')
}
