import { randomBytes } from 'node:crypto'
import { createMac, digest } from '../adapters/system/crypto.ts'
import { type Aca, aca } from '../roles/aca/aca.ts'
import type { AcaDeps } from '../roles/aca/deps.ts'
import { approverKeys, tokenVerifierOf } from './authority-keys.ts'
import type { Home } from './home/open-home.ts'
import { acaSettings } from './role-settings.ts'

/** The authority of a home with the role aca. Throws CONFIG_INVALID for keys that its policy names and that cannot be read. */
export async function acaOf(home: Home, deps: Omit<AcaDeps, 'digest' | 'random' | 'tokens' | 'eabKey'>): Promise<Aca> {
  const mac = createMac(home.seed, 'acme-eab')
  return aca(acaSettings(home.config, await approverKeys(home))).create({
    ...deps,
    digest,
    random: (size) => new Uint8Array(randomBytes(size)),
    tokens: await tokenVerifierOf(home),
    eabKey: (voucherId) => mac(new TextEncoder().encode(voucherId))
  })
}
