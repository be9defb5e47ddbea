import { createHash } from 'node:crypto'
import type { HansaNode } from '../../node/hansa-node.ts'
import type { VoucherResponse } from '../trust-types.ts'

/**
 * Where machines without Hansa reach the doors of an ACA by TLS, and by which roots they verify it. An announced https: address is the operator's word. Otherwise the host is
 * the DNS name in the node's own certificate, on the port of the ingress: no certificate of ours has an IP address, which TLS clients would look for when they call one.
 */
export function outsideAddress(node: HansaNode): Pick<VoucherResponse, 'origin' | 'roots'> {
  const ingress = node.ingress()
  if (ingress === undefined) return {}
  const { announce, tls } = node.home.config.gateway
  const url = new URL(ingress)
  if (announce !== undefined && url.protocol === 'https:') return { origin: url.origin }
  const { dnsNames } = node.desk.ownCertificate()
  if (tls.certificate === undefined && !dnsNames.includes(url.hostname)) url.hostname = dnsNames[0] ?? url.hostname
  const plain = url.origin
  const origin = plain.replace(/^http:/, 'https:')
  if (tls.certificate !== undefined) return { origin }
  const pem = node.desk.roots().flatMap(({ own, roots }) => (own ? roots.map((root) => root.pem) : []))
  return { origin, roots: { url: `${plain}/aca/roots.pem`, sha256: createHash('sha256').update(pem.join('')).digest('hex') } }
}
