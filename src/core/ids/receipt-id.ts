import { isName } from './spiffe-id.ts'
import { isRole } from './role.ts'

/**
 * ID of a receipt for a message that waits at the gateway of its agent: `inbox-<22 unguessable characters>.<role>.<name>`. It names the gateway that has it,
 * as in its SPIFFE ID; the domain is the agent's. A2A clients see it as the ID of a task.
 */
export interface ReceiptId {
  /** SPIFFE ID of the gateway that keeps the message. */
  readonly gateway: string
}

/** 22 characters of base64url: 132 bits. */
const FORM = /^inbox-[A-Za-z0-9_-]{22}\.([a-z]+)\.(.+)$/

/** 6 + 22 + the longest role and name, with their dots. */
const MAX = 128

/** `random` is 22 characters of base64url; `gateway` a SPIFFE ID. */
export function formatReceiptId(random: string, gateway: string): string {
  const [, , , role = '', name = ''] = gateway.split('/')
  return `inbox-${random.slice(0, 22)}.${role}.${name}`
}

/** Undefined for what is no ID of a receipt; `domain` is that of the agent. */
export function parseReceiptId(text: string, domain: string): ReceiptId | undefined {
  const [, role = '', name = ''] = (text.length <= MAX ? FORM.exec(text) : null) ?? []
  return isRole(role) && isName(name) ? { gateway: `spiffe://${domain}/${role}/${name}` } : undefined
}
