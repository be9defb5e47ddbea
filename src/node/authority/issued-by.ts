import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../../adapters/sqlite/store.ts'
import type { Issued } from '../../core/pki/issued.ts'
import { Ledger } from '../../roles/aca/ledger.ts'
import { inHome } from '../home/home-paths.ts'
import type { OpenAuthority } from './open-authority.ts'

/** What a CA (`CaSigner.id`) has issued, of what the ACA remembers. */
export function issuedBy({ paths, config }: OpenAuthority, id: string): Issued[] {
  const file = join(inHome(paths, config.data), 'node.db')
  if (!existsSync(file)) return []
  const store = openStore(file)
  try {
    return new Ledger(store).certificates().filter(({ issuer }) => issuer === id)
  } finally {
    store.close()
  }
}
