import type { ConstraintFacts, NameFacts } from './facts.ts'
import { certificateHost, hostName, isWithin, mailbox, uriHost } from './host-names.ts'
import { isWellFormed } from './well-formed.ts'

/** As in facts.ts: a directory name that cannot be compared. */
const INCOMPARABLE = '?'

/** Comparisons that `namesPermitted` makes at most. */
export function comparisons(names: readonly NameFacts[], { permitted, excluded }: ConstraintFacts): number {
  return names.length * (permitted.length + excluded.length)
}

/**
 * True when every name stands within one CA's constraints (RFC 5280 4.2.1.10). A form that no subtree speaks of is free, as the RFC says. False also for
 * subtrees that are malformed, for names of a constrained form whose place nobody could tell (a URI without a plain host, a form that we do not read), and
 * for wildcards of which only some names are allowed.
 */
export function namesPermitted(names: readonly NameFacts[], constraints: ConstraintFacts): boolean {
  const { permitted, excluded } = constraints
  if (!isSound(constraints)) return false
  return names.every((name) => {
    const alike = ({ form, value }: NameFacts): boolean => form === name.form && (form !== 'other' || value === name.value)
    const allowed = permitted.filter(alike)
    const forbidden = excluded.filter(alike)
    if (allowed.length === 0 && forbidden.length === 0) return true
    if (!isComparable(name)) return false
    return (allowed.length === 0 || allowed.some((subtree) => within(name, subtree))) && !forbidden.some((subtree) => touches(name, subtree))
  })
}

/** Constraints looked at before: those of a CA are asked about with each of its certificates. */
const sound = new WeakMap<ConstraintFacts, boolean>()

function isSound(constraints: ConstraintFacts): boolean {
  const known = sound.get(constraints)
  if (known !== undefined) return known
  const found = constraints.permitted.every(isSubtree) && constraints.excluded.every(isSubtree)
  sound.set(constraints, found)
  return found
}

/** Is this a subtree as RFC 5280 writes it? A malformed one may mean anything. */
function isSubtree({ form, value }: NameFacts): boolean {
  switch (form) {
    case 'uri':
      return hostName(value.startsWith('.') ? value.slice(1) : value) !== undefined
    case 'dns':
      return value === '' || hostName(value) !== undefined
    case 'ip':
      return isAddressRange(value)
    case 'email':
      return mailbox(value) !== undefined || hostName(value.startsWith('.') ? value.slice(1) : value) !== undefined
    case 'directory':
    case 'other':
      return true
  }
}

/** Can it be told where this name stands? */
function isComparable(name: NameFacts): boolean {
  if (name.form === 'uri') return uriHost(name.value) !== undefined
  if (name.form === 'directory') return name.value !== INCOMPARABLE
  return name.form !== 'other' && isWellFormed(name)
}

/** True when all that the name stands for is in the subtree. */
function within(name: NameFacts, subtree: NameFacts): boolean {
  const bound = subtree.value.toLowerCase()
  switch (name.form) {
    case 'uri':
      return hostWithin(uriHost(name.value) ?? '', bound)
    case 'dns':
      return bound === '' || isWithin(certificateHost(name.value)?.name ?? '', bound)
    case 'ip':
      return addressWithin(name.value, subtree.value)
    case 'email':
      return mailboxWithin(name.value, subtree.value, (a, b) => a === b)
    case 'directory':
      return subtree.value !== INCOMPARABLE && name.value.startsWith(subtree.value)
    case 'other':
      return false
  }
}

/** True when anything that the name stands for, or may stand for, is in the subtree. */
function touches(name: NameFacts, subtree: NameFacts): boolean {
  switch (name.form) {
    case 'dns': {
      // *.a.example stands for one name more than b.a.example says.
      const host = certificateHost(name.value)
      const [, above] = /^[^.]*[.](.*)$/.exec(subtree.value.toLowerCase()) ?? []
      return within(name, subtree) || (host?.wildcard === true && above === host.name)
    }
    case 'ip':
      // An IPv4 address may come in the coat of an IPv6 one (RFC 4291 2.5.5.2).
      return within(name, subtree) || (name.value.startsWith(MAPPED) && addressWithin(name.value.slice(MAPPED.length), subtree.value))
    case 'email':
      // Local parts are case-sensitive, but few hosts keep to that.
      return mailboxWithin(name.value, subtree.value, (a, b) => a.toLowerCase() === b.toLowerCase())
    case 'directory':
      return subtree.value === INCOMPARABLE || within(name, subtree)
    default:
      return within(name, subtree)
  }
}

/** A URI subtree is one host exactly, or with a leading dot all hosts below it. */
function hostWithin(host: string, subtree: string): boolean {
  return subtree.startsWith('.') ? host.endsWith(subtree) && host.length > subtree.length : host === subtree
}

/** One mailbox, all mailboxes at a host, or with a leading dot at all hosts below it. */
function mailboxWithin(address: string, subtree: string, same: (a: string, b: string) => boolean): boolean {
  const name = mailbox(address)
  if (name === undefined) return false
  const one = mailbox(subtree)
  return one === undefined ? hostWithin(name.host, subtree.toLowerCase()) : one.host === name.host && same(one.local, name.local)
}

const MAPPED = '00000000000000000000ffff'

/** Address and mask, in hex, of IPv4 or IPv6; the mask is ones, then zeros (RFC 4632 3.1). */
function isAddressRange(value: string): boolean {
  if (value.length !== 16 && value.length !== 64) return false
  return /^f*[8ce]?0*$/.test(value.slice(value.length / 2))
}

/** Hex of the address, and of address and mask. */
function addressWithin(address: string, subtree: string): boolean {
  if (subtree.length !== address.length * 2) return false
  for (let i = 0; i < address.length; i++) {
    const digit = (text: string, at: number) => parseInt(text.charAt(at), 16)
    const mask = digit(subtree, address.length + i)
    if ((digit(address, i) & mask) !== (digit(subtree, i) & mask)) return false
  }
  return true
}
