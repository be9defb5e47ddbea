import { isDomain, quote } from '../../../core/ids/domain.ts'
import { hex } from '../../../core/ids/hex.ts'
import { HansaError } from '../../../schema/errors.ts'
import { methods } from '../../../wire/methods.ts'
import type { ControlDeps } from './control-deps.ts'

/**
 * Lists the domain of the gateway at `peer`, whose root the operator names by its SHA-256 (hex, with or without "SHA256:" and colons). Nothing the peer says is
 * believed but the certificate that has this fingerprint; that it is a root of the domain named with it is checked by `trust.list`.
 * Throws INVALID_ARGUMENT, UNKNOWN_DOMAIN when the peer has another root, and as the call and `trust.list`.
 */
export async function listRoot(deps: Pick<ControlDeps, 'rpc' | 'trust' | 'sha256'>, peer: string, fingerprint: string, signal?: AbortSignal): Promise<void> {
  const wanted = fingerprint
    .replace(/^sha256:/i, '')
    .replaceAll(':', '')
    .toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(wanted)) throw new HansaError('INVALID_ARGUMENT', `not a SHA-256 in hex: ${quote(fingerprint)}`)
  const { bundle } = await deps.rpc.call({ peer }, methods.bundle, {}, { signal })
  if (bundle === undefined) throw new HansaError('MALFORMED', 'an answer without a trust bundle')
  if (!isDomain(bundle.domain)) throw new HansaError('MALFORMED', `a trust bundle of no domain: ${quote(bundle.domain)}`)
  const root = bundle.roots.find((certificate) => hex(deps.sha256(certificate)) === wanted)
  if (root === undefined) {
    const shown = bundle.roots.map((certificate) => hex(deps.sha256(certificate))).slice(0, 4)
    throw new HansaError('UNKNOWN_DOMAIN', `the gateway of ${bundle.domain} has no root with SHA-256 ${wanted}; it showed ${shown.join(', ') || 'none'}`, {
      domain: bundle.domain
    })
  }
  await deps.trust.list(bundle.domain, [root])
}
