import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestnet, type TestDomain, type Testnet } from '../../src/node/testnet.ts'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { HansaError } from '../../src/schema/errors.ts'
import type { CrlResponse } from '../../src/schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../src/wire/methods.ts'
import { peerIdOf } from '../../src/core/ids/peer-id.ts'
import { parseCertificate } from '../../src/wire/x509/certificate.ts'
import { decodePem } from '../../src/wire/x509/pem.ts'
import type { Report } from './frame/report.ts'

export const name = 'revocation'

const NODES = 20
const GATEWAYS = 3
const REVOCATIONS = 20
/** Fewer without gossip: each takes up to two periods. */
const REVOCATIONS_ASKING = 6
const ASK_EVERY_MS = 2_000
const PATIENCE_MS = 60_000

/** From `aca.revoke` having answered to each of 20 real nodes refusing the holder: by gossip, and by asking alone. */
export async function run(report: Report): Promise<void> {
  await measured(report, `${NODES} nodes, gossip`, '5m', REVOCATIONS, () => {})
  await measured(report, `${NODES} nodes, no gossip, asking every ${ASK_EVERY_MS / 1000} s`, `${ASK_EVERY_MS}ms`, REVOCATIONS_ASKING, deafen)
}

async function measured(report: Report, what: string, crlEvery: string, revocations: number, prepare: (node: HansaNode) => void): Promise<void> {
  const net = await createTestnet({ env: { HANSA_TRUST_CRL_EVERY: crlEvery } })
  try {
    const north = await net.domain('north.example', [{ name: 'hub', roles: ['aca', 'ars'] }])
    const nodes = [north.founder]
    while (nodes.length < NODES) {
      const role = nodes.length <= GATEWAYS ? 'agw' : 'agent'
      nodes.push(await net.join(north, { name: `${role}-${nodes.length}`, roles: [role] }))
    }
    for (const node of nodes) if (node !== north.founder) prepare(node)
    const times: number[] = []
    for (let index = 0; index < revocations; index++) times.push(...(await revoke(net, north, nodes, `holder-${index}`)))
    times.sort((a, b) => a - b)
    const quantile = (share: number): number => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? NaN
    report.add(what, 'revoke to refused, p50', quantile(0.5), 'ms')
    report.add(what, 'revoke to refused, p99', quantile(0.99), 'ms')
    report.add(what, 'revoke to refused, longest', times.at(-1) ?? NaN, 'ms')
    report.add(what, 'measured', times.length, '')
  } finally {
    await net.stop()
  }
}

/** Milliseconds until each node refused the holder, counted from when the ACA had answered; 0 for who knew before that. */
async function revoke(net: Testnet, north: TestDomain, nodes: readonly HansaNode[], holder: string): Promise<number[]> {
  const chain = decodePem('CERTIFICATE', await readFile(join(await net.enrol(north, holder, ['agent']), 'chain.pem'), 'utf8'))
  const peer = peerIdOf(parseCertificate(chain[0] ?? new Uint8Array()).spki) ?? ''
  const refusedAt = new Map<HansaNode, number>()
  for (const node of nodes) {
    node.identities.verify(peer, chain)
    node.identities.onChange(() => {
      if (!refusedAt.has(node) && refuses(node, peer, chain)) refusedAt.set(node, performance.now())
    })
  }
  await north.founder.aca?.revoke(holder, 'keyCompromise')
  const begin = performance.now()
  while (refusedAt.size < nodes.length) {
    if (performance.now() - begin > PATIENCE_MS) throw new Error(`${nodes.length - refusedAt.size} nodes still believe ${holder} after ${PATIENCE_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return [...refusedAt.values()].map((at) => Math.max(0, at - begin))
}

function refuses(node: HansaNode, peer: string, chain: readonly Uint8Array[]): boolean {
  try {
    node.identities.verify(peer, chain)
    return false
  } catch (error) {
    return error instanceof HansaError && error.code === 'CERTIFICATE_REVOKED'
  }
}

/** From now on the node takes no list that it has not asked for. */
function deafen({ rpc, identities }: HansaNode): void {
  const asked = new WeakSet<CrlResponse>()
  const { call } = rpc
  const { acceptCrl } = identities
  rpc.call = async (target, method, request, options) => {
    const answer = await call(target, method, request, options)
    if (method.id === methods.crl.id && 'lists' in answer) for (const list of answer.lists as CrlResponse[]) asked.add(list)
    return answer
  }
  identities.acceptCrl = (list) => {
    if (!asked.has(list)) throw new HansaError('UNKNOWN_DOMAIN', 'this node does not listen to gossip')
    return acceptCrl(list)
  }
}
