import type { TrustBundle } from '../schema/generated/hansa/v1/trust_pb.ts'
import { writeSpiffeBundle } from '../wire/spiffe-bundle.ts'

/** For clients outside the network; undefined before the domain has said what its roots are. */
export function spiffeBundle(bundle: TrustBundle | undefined): string | undefined {
  if (bundle === undefined || bundle.roots.length === 0) return undefined
  return writeSpiffeBundle({ sequence: bundle.sequence, refreshHintMs: Number(bundle.refreshHintMs), roots: bundle.roots })
}
