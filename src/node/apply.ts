import { openStore } from '../adapters/sqlite/store.ts'
import { createSwarmNode } from '../adapters/libp2p/swarm-node.ts'
import { createRpc } from '../adapters/rpc/create-rpc.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { createSigner, createVerify, sha256 } from '../adapters/system/crypto.ts'
import { createLog } from '../adapters/system/log.ts'
import type { PeerIdentity } from '../ports/identity.ts'
import type { Network } from '../ports/network.ts'
import type { Target } from '../ports/rpc.ts'
import { createAdmission } from '../roles/member/admission.ts'
import { enrol, type Enrolled, type Said } from '../roles/member/enrol.ts'
import { createIdentities } from '../roles/member/identities.ts'
import { HansaError } from '../schema/errors.ts'
import type { CheckedInvite } from '../wire/invite.ts'

/** How long one address of the invite may take to answer. */
const DIAL_MS = 8_000

export type Applied =
  | Exclude<Enrolled, { state: 'issued' }>
  | { readonly state: 'issued'; readonly chain: readonly Uint8Array[]; readonly identity: PeerIdentity; readonly roots: readonly Uint8Array[] }

/** A node that lives just long enough to apply (draft 3.1.1), or to ask after an application. Throws as `enrol`. */
export async function apply(invite: CheckedInvite, seed: Uint8Array, what: Said & { readonly applicationId?: string }, signal: AbortSignal): Promise<Applied> {
  const { domain, rootSha256 } = invite
  const clock = systemClock
  const log = createLog({ level: 'silent', format: 'json' })
  const signer = createSigner(seed)
  const store = openStore(':memory:')
  const identities = createIdentities({ domain, signer, clock, verify: createVerify(), sha256, store, roots: [] })
  const swarmNode = await createSwarmNode({
    privateKey: seed,
    listen: [],
    ...(invite.swarmKey === '' ? {} : { swarmKey: Buffer.from(invite.swarmKey) }),
    dht: 'client',
    recordRules: {},
    log
  })
  const { network } = swarmNode
  const rpc = createRpc({ network, identities, admission: createAdmission(clock), clock, log })
  await swarmNode.start()
  try {
    await rpc.start()
    const targets = await reach(network, invite.bootstrap, signal)
    const outcome = await enrol({ rpc, identities, sha256, signer, targets, domain, voucher: invite.voucher, rootSha256, ...what })
    if (outcome.state === 'pending') return outcome
    return { ...outcome, identity: identities.verify(signer.peer, outcome.chain), roots: identities.roots(domain) }
  } finally {
    await rpc.stop()
    await swarmNode.stop()
    store.close()
  }
}

/** The nodes of the invite that answer. Throws PEER_UNREACHABLE when none does. */
async function reach(network: Network, addresses: readonly string[], signal: AbortSignal): Promise<Target[]> {
  const dialled = await Promise.allSettled(
    addresses.map(async (address) => ({ peer: await network.dial(address, AbortSignal.any([signal, AbortSignal.timeout(DIAL_MS)])), addresses: [address] }))
  )
  const targets = new Map<string, Target>()
  for (const each of dialled) if (each.status === 'fulfilled' && !targets.has(each.value.peer)) targets.set(each.value.peer, each.value)
  const [failed] = dialled.filter((each) => each.status === 'rejected')
  if (targets.size === 0) throw new HansaError('PEER_UNREACHABLE', 'no node of the invite can be reached', {}, failed?.reason)
  return [...targets.values()]
}
