import { TAG } from './der.ts'
import { element, sequence, small, utf8 } from './der-writer.ts'
import type { HolderExtension } from './extensions.ts'

/** Value of the holder extension (oids.ts). */
export function writeHolder({ roles, scopes, organisation, evidence }: HolderExtension): Uint8Array {
  return sequence(
    small(2),
    sequence(...roles.map(utf8)),
    sequence(...scopes.map(utf8)),
    ...(organisation === undefined ? [] : [element(TAG.context(0), new TextEncoder().encode(organisation))]),
    ...(evidence === undefined ? [] : [element(TAG.context(1), evidence)])
  )
}
