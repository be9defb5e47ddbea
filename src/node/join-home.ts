import { openStore } from '../adapters/sqlite/store.ts'
import { createSwarmNode } from '../adapters/libp2p/swarm-node.ts'
import { createRpc } from '../adapters/rpc/create-rpc.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { createSigner, createVerify, seedToPem, sha256 } from '../adapters/system/crypto.ts'
import { createLog } from '../adapters/system/log.ts'
import type { Network } from '../ports/network.ts'
import type { Target } from '../ports/rpc.ts'
import { createAdmission } from '../roles/member/admission.ts'
import { enrol } from '../roles/member/enrol.ts'
import { createIdentities } from '../roles/member/identities.ts'
import { HansaError } from '../schema/errors.ts'
import type { CheckedInvite } from '../wire/invite.ts'
import { encodePem } from '../wire/x509/pem.ts'
import { checkInvite } from './check-invite.ts'
import { createHome, refuseExisting } from './home/create-home.ts'
import { homePaths } from './home/home-paths.ts'
import { generateSeed } from './home/node-key.ts'
import type { JoinOptions, JoinResult } from './host.ts'
import { joinedHome } from './joined-home.ts'

/** How long one address of the invite may take to answer. */
const DIAL_MS = 8_000

/** Makes a home from an invite: a fresh key, a certificate from the ACA (draft 3.1.1). Nothing is written unless it is issued. */
export async function joinHome({ home, invite: text, config, signal }: JoinOptions): Promise<JoinResult> {
  const { dir } = homePaths(home)
  await refuseExisting(dir)
  const invite = checkInvite(text, 'node', systemClock.now())
  const seed = generateSeed()
  const { chain, identity, roots } = await enrolWith(invite, seed, signal)
  const contents = joinedHome(
    invite,
    {
      name: identity.name,
      roles: identity.roles,
      key: seedToPem(seed),
      chainPem: chain.map((certificate) => encodePem('CERTIFICATE', certificate)).join(''),
      rootPem: roots.map((root) => encodePem('CERTIFICATE', root)).join('')
    },
    config
  )
  await createHome(dir, contents)
  return { home: dir, spiffeId: identity.spiffeId, peer: identity.peer, roles: identity.roles, notAfter: identity.notAfter }
}

/** A node that lives just long enough to apply. */
async function enrolWith(invite: CheckedInvite, seed: Uint8Array, signal: AbortSignal) {
  const { domain } = invite
  const clock = systemClock
  const log = createLog({ level: 'silent', format: 'json' })
  const signer = createSigner(seed)
  const verify = createVerify()
  const store = openStore(':memory:')
  const identities = createIdentities({ domain, signer, clock, verify, sha256, store, roots: [] })
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
    const chain = await enrol({ rpc, identities, sha256, signer, targets, domain, voucher: invite.voucher, rootSha256: invite.rootSha256 })
    return { chain, identity: identities.verify(signer.peer, chain), roots: identities.roots(domain) }
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
