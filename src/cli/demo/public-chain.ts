import { X509Certificate } from 'node:crypto'
import { must } from './story.ts'

const TIMEOUT_MS = 10_000
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/**
 * What somebody outside a domain can check of a certificate with plain HTTP and OpenSSL's own code: that its chain leads to the root that the ACA shows at its
 * public door, and that the revocation list there does not have it. Returns the root's fingerprint.
 */
export async function checkAtPublicDoor(ingress: string, chainPem: string): Promise<string> {
  const [leaf, issuing, root] = (chainPem.match(CERTIFICATE) ?? []).map((pem) => new X509Certificate(pem))
  must(leaf !== undefined && issuing !== undefined && root !== undefined, 'the chain is not leaf, issuing CA and root')
  must(leaf.verify(issuing.publicKey) && issuing.verify(root.publicKey), 'the signatures of the chain do not fit')
  const shown = new X509Certificate(await (await get(`${ingress}/aca/roots.pem`)).text())
  must(shown.fingerprint256 === root.fingerprint256, `the ACA shows the root ${shown.fingerprint256}`)
  must(!(await isListedAsRevoked(ingress, leaf.serialNumber)), 'the revocation list has the serial')
  return root.fingerprint256
}

/** Whether the revocation list at an ACA's public door has a serial (hex, 16 bytes, so that it is in there by no accident). */
export async function isListedAsRevoked(ingress: string, serial: string): Promise<boolean> {
  const list = Buffer.from(await (await get(`${ingress}/aca/crl`)).arrayBuffer())
  must(list.length > 0 && serial.length === 32, 'there is no list, or no serial')
  return list.includes(Buffer.from(serial, 'hex'))
}

async function get(url: string): Promise<Response> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
  must(response.ok, `${url} gives ${response.status}`)
  return response
}
