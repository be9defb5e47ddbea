import { randomBytes } from 'node:crypto'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { createSwarmNode } from '../../src/adapters/libp2p/swarm-node.ts'
import { createRpc } from '../../src/adapters/rpc/create-rpc.ts'
import { openStore } from '../../src/adapters/sqlite/store.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { createSigner, createVerify, sha256 } from '../../src/adapters/system/crypto.ts'
import { createLog } from '../../src/adapters/system/log.ts'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { createAdmission } from '../../src/roles/member/admission.ts'
import { createIdentities } from '../../src/roles/member/identities.ts'
import type { ApplyRequestSchema, ApplyResponse } from '../../src/schema/generated/hansa/v1/trust_pb.ts'
import { makeCsr } from '../../src/wire/x509/csr.ts'
import { methods } from '../../src/wire/methods.ts'

/** A stranger on the swarm with a fresh key, who applies to an ACA over real connections. */
export async function applicant(aca: HansaNode) {
  const seed = new Uint8Array(randomBytes(32))
  const signer = createSigner(seed)
  const log = createLog({ level: 'silent', format: 'json' })
  const store = openStore(':memory:')
  const { domain } = aca.home.config
  const identities = createIdentities({ domain, signer, clock: systemClock, verify: createVerify(), sha256, store, roots: [...aca.identities.roots(domain)] })
  const swarmKey = aca.home.swarmKey
  const node = await createSwarmNode({
    privateKey: seed,
    listen: [],
    ...(swarmKey === undefined ? {} : { swarmKey: Buffer.from(swarmKey) }),
    dht: 'client',
    recordRules: {},
    log
  })
  const rpc = createRpc({ network: node.network, identities, admission: createAdmission(systemClock), clock: systemClock, log })
  await node.start()
  await rpc.start()
  const target = { peer: aca.network.peer, addresses: aca.network.addresses(), expect: { domain, role: 'aca' } }
  const csr = makeCsr(signer)
  return {
    signer,
    csr,
    rpc,
    target,
    identities,
    apply: (request: MessageInitShape<typeof ApplyRequestSchema> = {}): Promise<ApplyResponse> => rpc.call(target, methods.apply, { csr, ...request }),
    status: (applicationId: string): Promise<ApplyResponse> => rpc.call(target, methods.applicationStatus, { applicationId }),
    async stop(): Promise<void> {
      await rpc.stop()
      await node.stop()
      store.close()
    }
  }
}

export type StrangeApplicant = Awaited<ReturnType<typeof applicant>>
