import type { CallAdmission } from '../admission.ts'
import type { Stage } from '../relay-call.ts'

/** Bounds the calls in flight of each principal. A foreign door has asked before it read its client's request; what was in the inbox was admitted when it came. */
export function admit(deps: { readonly admission: CallAdmission }): Stage {
  return {
    name: 'admit',
    run(call) {
      if (call.entry.kind !== 'door' && call.entry.kind !== 'inbox') call.onEnd.push(deps.admission.call(call.principal))
    }
  }
}
