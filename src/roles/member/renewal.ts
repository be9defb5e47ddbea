import { renewalTime } from '../../core/pki/renewal.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { HansaError } from '../../schema/errors.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import { makeCsr } from '../../wire/x509/csr.ts'
import { methods } from '../../wire/methods.ts'
import type { MemberDeps } from './deps.ts'

/** How often the clock is looked at; also the pause after a failure. */
const CHECK_MS = 60_000

/** draft 3.1.2: renews the node's certificate after about two thirds of its life, and on demand. */
export class Renewal {
  readonly #domain: string
  readonly #deps: MemberDeps
  readonly #acas: () => readonly NodeInfo[]
  readonly #jitter: number
  #stop = () => {}
  #running: Promise<readonly Uint8Array[]> | undefined

  constructor(domain: string, deps: MemberDeps, acas: () => readonly NodeInfo[]) {
    this.#domain = domain
    this.#deps = deps
    this.#acas = acas
    this.#jitter = deps.random()
  }

  start(): void {
    this.#stop = this.#deps.clock.every(CHECK_MS, () => {
      if (this.#due())
        void this.renew().catch((error: unknown) => this.#deps.log.warn({ err: error }, 'the certificate was not renewed; trying again in a minute'))
    })
  }

  stop(): void {
    this.#stop()
  }

  /** Renews now. Throws what the ACA answers, or PEER_UNREACHABLE when none is known. */
  renew(): Promise<readonly Uint8Array[]> {
    this.#running ??= this.#ask().finally(() => (this.#running = undefined))
    return this.#running
  }

  #due(): boolean {
    const [leaf] = this.#deps.identities.chain()
    if (leaf === undefined) return false
    const { notBefore, notAfter } = parseCertificate(leaf)
    return this.#deps.clock.now() >= renewalTime(notBefore, notAfter, this.#jitter)
  }

  async #ask(): Promise<readonly Uint8Array[]> {
    const { rpc, identities, signer, log, onChain } = this.#deps
    let failure: unknown = new HansaError('PEER_UNREACHABLE', `no ACA of ${this.#domain} is known`)
    for (const { peerId, multiaddrs } of this.#acas()) {
      try {
        const target = { peer: peerId, addresses: multiaddrs, expect: { domain: this.#domain, role: 'aca' } }
        const { chain } = await rpc.call(target, methods.renew, { csr: makeCsr(signer) })
        identities.setChain(chain)
        await onChain(chain)
        log.info({ serial: identities.self()?.serial }, 'certificate renewed')
        return chain
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }
}
