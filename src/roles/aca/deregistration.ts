import { parseSpiffeId } from '../../core/ids/spiffe-id.ts'
import { endsWithRegistration } from '../../core/pki/ending.ts'
import type { Issued } from '../../core/pki/issued.ts'
import { lineage } from '../../core/pki/lineage.ts'
import type { PeerIdentity } from '../../ports/identity.ts'
import { HansaError } from '../../schema/errors.ts'
import type { DeregisteredNotice } from '../../schema/generated/hansa/v1/trust_pb.ts'
import type { Book } from './book.ts'
import type { Ledger } from './ledger.ts'
import type { Revoking } from './revoking.ts'

/**
 * draft 2.2: a registration server of the domain says that the registration of an agent has ended. Where the policy says so, its certificates end with it. Servers
 * say it again after a restart; only what it changes is written down. Throws PERMISSION_DENIED for an agent of another domain.
 */
export async function deregistered(book: Book, revoking: Revoking, notice: DeregisteredNotice, by: PeerIdentity | undefined): Promise<void> {
  const { alone, config, deps, ledger } = book
  const { domain } = parseSpiffeId(notice.agent)
  if (domain !== deps.issuer.domain) throw new HansaError('PERMISSION_DENIED', 'the end of a registration of another domain', { domain: deps.issuer.domain })
  if (config.onDeregistration === 'keep') return
  await alone(async () => {
    const end = { at: Math.min(Number(notice.at), deps.clock.now()), barred: notice.barred }
    const ending = ledger
      .byPeer(notice.peer)
      .filter((issued) => issued.spiffeId === notice.agent && issued.notAfter >= deps.clock.now())
      .filter((issued) => endsWithRegistration(issued, originOf(issued, ledger), end))
    if (ending.length > 0) await revoking.revokeAll(ending, 'cessationOfOperation', by?.spiffeId ?? 'ars')
  })
}

/** The certificate that was applied for, of which this one is a renewal of a renewal. */
function originOf(issued: Issued, ledger: Ledger): Issued {
  let origin = issued
  for (const at of lineage(issued, (serial) => ledger.certificate(serial))) {
    origin = at
    if (at.application !== undefined) break
  }
  return origin
}
