import type { Applicant } from '../../ports/authority-door.ts'
import type { Examined } from './examine.ts'

const NAMELESS = 'door-'

/** Whose room in the queue an application takes. Those who come by a door without a name of their own, and without a voucher, share one. */
export function shareOf({ peer, account, identity, door }: Applicant, source: Examined['source']): string {
  return peer ?? account ?? identity?.serial ?? (source.kind === 'voucher' ? source.id : `${NAMELESS}${door}`)
}

/** True for the room of a door. */
export function isNameless(share: string): boolean {
  return share.startsWith(NAMELESS)
}
