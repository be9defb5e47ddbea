import { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'

/** Certificates that a client may show; a chain of the network has three. */
const MAX_CHAIN = 8

interface Shown {
  readonly raw?: Buffer
  readonly issuerCertificate?: Shown
}

/**
 * The chain that a TLS client has shown, leaf first, DER; empty when it showed none. Clients often leave out what the server must know anyway: `known` (issuing CAs and
 * roots) completes it. Nothing is verified here.
 */
export function peerChain(socket: TLSSocket, known: readonly Uint8Array[]): Uint8Array[] {
  const chain: Uint8Array[] = []
  let at: Shown | undefined = socket.getPeerCertificate(true) as Shown
  // OpenSSL ends the list with a certificate that names itself as its issuer.
  while (at?.raw !== undefined && chain.length < MAX_CHAIN && !chain.some((each) => at?.raw?.equals(each))) {
    chain.push(new Uint8Array(at.raw))
    at = at.issuerCertificate
  }
  return complete(chain, known)
}

function complete(chain: Uint8Array[], known: readonly Uint8Array[]): Uint8Array[] {
  while (chain.length > 0 && chain.length < MAX_CHAIN) {
    const last = certificate(chain.at(-1))
    if (last === undefined || last.checkIssued(last)) break
    // The names alone would do for a root and the one that replaces it.
    const issuer = known.find((each) => {
      const candidate = parsed(each)
      return candidate !== undefined && last.checkIssued(candidate) && last.verify(candidate.publicKey)
    })
    if (issuer === undefined) break
    chain.push(issuer)
  }
  return chain
}

/** What is known is parsed once, not for each client: a gateway may list a thousand domains. */
const parsedOnce = new WeakMap<Uint8Array, X509Certificate>()

function parsed(der: Uint8Array): X509Certificate | undefined {
  const known = parsedOnce.get(der) ?? certificate(der)
  if (known !== undefined) parsedOnce.set(der, known)
  return known
}

function certificate(der: Uint8Array | undefined): X509Certificate | undefined {
  try {
    return der === undefined ? undefined : new X509Certificate(der)
  } catch {
    return undefined
  }
}
