import { createTokenVerifier } from '../../src/adapters/jose/token-verifier.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../src/adapters/sqlite/store.ts'
import { createSigner, createVerify, digest, sha256 } from '../../src/adapters/system/crypto.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import type { Records } from '../../src/ports/records.ts'
import type { Rpc } from '../../src/ports/rpc.ts'
import { aca } from '../../src/roles/aca/aca.ts'
import { DEFAULT_ACA } from '../../src/roles/aca/config.ts'
import { methods } from '../../src/wire/methods.ts'
import { makeCsr } from '../../src/wire/x509/csr.ts'
import { MemoryLog } from '../support/memory/memory-log.ts'
import { testDomain } from '../support/pki.ts'
import { compare, DEFAULT_PACE } from './frame/compare.ts'
import type { Report } from './frame/report.ts'

export const name = 'issuance'

/** Uses of one voucher; with the last one the next is made. */
const USES = 1000

/**
 * Certificates through the ACA as a node of the swarm asks for them, without the swarm: request parsed and its signature checked, voucher burnt, certificate signed, judged by the
 * validator that all nodes use, ledger and audit log on disk. Beside them, what a signature alone costs, and a certificate signed and nothing else.
 */
export async function run(report: Report): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'hansa-bench-'))
  const store = openStore(join(dir, 'node.db'))
  try {
    const domain = await testDomain('north.example', Date.now())
    const handlers = new Map<object, Handler>()
    const service = aca({ ...DEFAULT_ACA }).create({
      clock: systemClock,
      log: new MemoryLog(),
      // Only what asks is missing: the handlers are those that the swarm would reach.
      rpc: { handle: (method: object, handler: Handler) => void handlers.set(method, handler) } as unknown as Rpc,
      pubsub: { publish: async () => 0, subscribe: () => undefined },
      store,
      issuer: domain.issuer,
      pointers: () => ({
        crl: 'http://ca.north.example/aca/crl/0.crl',
        ocsp: 'http://ca.north.example/aca/ocsp',
        issuer: 'http://ca.north.example/aca/ca/0.cer'
      }),
      verify: createVerify(),
      sha256,
      digest,
      // Nobody asks for status tokens here.
      records: {} as Records,
      tokens: createTokenVerifier({ issuers: new Map(), authorities: new Map() }),
      eabKey: (voucherId) => sha256(new TextEncoder().encode(voucherId)),
      random: (size) => new Uint8Array(randomBytes(size)),
      chain: () => [],
      onCrl: () => undefined
    })
    await service.start()
    const apply = handlers.get(methods.apply)
    if (apply === undefined) throw new Error('the ACA does not take applications')
    let left = 0
    let batch = 0
    let voucher = ''
    // Keys are the applicants' own work, so they are made before.
    const keys = Array.from({ length: 20_000 }, () => createSigner(new Uint8Array(randomBytes(32)))).map((signer) => ({ signer, csr: makeCsr(signer) }))
    let next = 0
    const issue = async (): Promise<void> => {
      if (left-- === 0) {
        left = USES - 1
        voucher = (await service.createVoucher({ roles: ['agent'], name: `worker${++batch}`, ttlMs: 3_600_000, uses: USES })).voucher
      }
      const one = keys[next++ % keys.length]
      if (one === undefined) throw new Error('no key')
      const { chain } = await apply({ csr: one.csr, voucher }, { caller: { peer: one.signer.peer } })
      if (chain.length !== 3) throw new Error('no certificate')
    }
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const bytes = randomBytes(700)
    const contents = {
      ...{
        spiffeId: 'spiffe://north.example/agent/x',
        dnsNames: [],
        roles: ['agent'] as const,
        scopes: [],
        notBefore: Date.now() - 60_000,
        notAfter: Date.now() + 3_600_000
      },
      publicKey: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
      serial: new Uint8Array(16).fill(7)
    }
    const cases = [
      { name: 'raw Ed25519 signature of 700 bytes', call: async () => void sign(null, bytes, privateKey), processes: [] },
      { name: 'certificate signed, nothing checked', call: async () => void (await domain.issuer.issue(contents)), processes: [] },
      { name: 'application to certificate, on disk', call: issue, processes: [] }
    ]
    await compare(report, cases, { ...DEFAULT_PACE, concurrency: 1 })
    await service.stop()
  } finally {
    store.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

type Handler = (
  request: { readonly csr: Uint8Array; readonly voucher: string },
  context: { readonly caller: { readonly peer: string } }
) => Promise<{ readonly chain: readonly Uint8Array[] }>
