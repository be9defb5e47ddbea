import assert from 'node:assert/strict'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { AcaConfig, AcaPolicy } from '../../src/roles/aca/config.ts'
import { DEFAULT_POLICY } from '../../src/roles/aca/config.ts'
import type { Aca } from '../../src/roles/aca/aca.ts'
import type { TokenVerifier } from '../../src/ports/token-verifier.ts'
import type { MaterialsSchema } from '../../src/schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../src/wire/methods.ts'
import { makeCsr } from '../../src/wire/x509/csr.ts'
import { FakeClock } from './fake-clock.ts'
import { MemorySwarm } from './memory/swarm.ts'
import { testDomain } from './pki.ts'
import { type TrustNode, trustNode } from './trust-node.ts'

export interface AcaWorldOptions {
  readonly policy?: Partial<AcaPolicy>
  readonly config?: Partial<AcaConfig>
  readonly tokens?: TokenVerifier
}

/** An ACA on the memory swarm, and strangers who apply. */
export async function acaWorld({ policy = {}, config = {}, tokens }: AcaWorldOptions = {}) {
  const clock = new FakeClock()
  const swarm = new MemorySwarm(clock)
  const north = await testDomain('north.example', clock.now())
  const server = await trustNode(swarm, {
    domain: north,
    name: 'aca1',
    roles: ['aca'],
    aca: { ...config, policy: { ...DEFAULT_POLICY, ...policy } },
    ...(tokens === undefined ? {} : { tokens })
  })
  assert.ok(server.aca)
  const aca: Aca = server.aca
  const target = { peer: server.peer, addresses: [server.address] }
  const newcomer = (name: string): Promise<TrustNode> => trustNode(swarm, { domain: north, name })
  const apply = (node: TrustNode, materials: MessageInitShape<typeof MaterialsSchema>, voucher = '', cites = '') =>
    node.rpc.call(target, methods.apply, { csr: makeCsr(node.signer), voucher, materials, cites })
  const voucher = async (name: string, more: object = {}): Promise<string> =>
    (await aca.createVoucher({ roles: ['agent'], name, ttlMs: 3_600_000, ...more })).voucher
  return {
    clock,
    swarm,
    north,
    server,
    aca,
    target,
    newcomer,
    apply,
    voucher,
    status: (node: TrustNode, applicationId: string) => node.rpc.call(target, methods.applicationStatus, { applicationId }),
    /** A node with a certificate. */
    async joined(name: string, more: object = {}): Promise<TrustNode> {
      const node = await newcomer(name)
      node.identities.setRoots([north.root])
      const { chain } = await apply(node, {}, await voucher(name, more))
      node.identities.setChain(chain)
      return node
    }
  }
}
