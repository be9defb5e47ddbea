import type { Signer } from '../../ports/signer.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../wire/methods.ts'
import { makeCsr } from '../../wire/x509/csr.ts'
import { rekeyBytes } from '../../wire/x509/rekey.ts'
import { createAskAca } from './ask-aca.ts'
import type { MemberDeps } from './deps.ts'
import { Renewal } from './renewal.ts'

/** draft 3.1.2 as a holder goes about it: what a node has of the ACA is renewed, gets another key, is given up. */
export interface OwnCertificate {
  start(): void
  stop(): void
  /** See Member. */
  renew(scopes?: readonly string[]): Promise<readonly Uint8Array[]>
  rekey(next: Signer): Promise<readonly Uint8Array[]>
  revoke(serial: string, reason: string): Promise<number>
}

export function createOwnCertificate(domain: string, deps: MemberDeps, acas: () => readonly NodeInfo[]): OwnCertificate {
  const { clock, log, identities, signer, onChain, companion } = deps
  const ask = createAskAca(domain, deps, acas)
  const common = { clock, log, ask, random: () => deps.random() }
  const own = new Renewal(
    {
      what: 'the certificate',
      chain: () => identities.chain(),
      csr: () => makeCsr(signer),
      async take(chain) {
        identities.setChain(chain)
        await onChain(chain)
      }
    },
    common
  )
  const second = companion === undefined ? undefined : new Renewal({ what: 'the certificate for TLS clients', ...companion }, common)
  return {
    start() {
      own.start()
      second?.start()
    },
    stop() {
      own.stop()
      second?.stop()
    },
    renew: (scopes) => own.renew(scopes),
    async rekey(next) {
      const csr = makeCsr(next)
      const { chain } = await ask(methods.rekey, { csr, proof: signer.sign(rekeyBytes(csr)) })
      return chain
    },
    revoke: async (serial, reason) => Number((await ask(methods.revoke, { serial, reason })).crlNumber)
  }
}
