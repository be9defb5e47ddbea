import type { ConstraintFacts, NameFacts } from './facts.ts'

/**
 * True when every name stands within one CA's constraints (RFC 5280 4.2.1.10). A form with no permitted subtree is free, as the RFC says; a name or
 * subtree of a form that we do not read makes the answer false, because nobody could check it.
 */
export function namesPermitted(names: readonly NameFacts[], constraints: ConstraintFacts): boolean {
  if ([...constraints.permitted, ...constraints.excluded].some((subtree) => !readable(subtree))) return false
  return names.every((name) => {
    const permitted = constraints.permitted.filter((subtree) => subtree.form === name.form)
    const excluded = constraints.excluded.filter((subtree) => subtree.form === name.form)
    if (name.form === 'other') return false
    if (name.form === 'uri' && hostOf(name.value) === undefined) return false
    return (permitted.length === 0 || permitted.some((subtree) => within(name, subtree))) && !excluded.some((subtree) => within(name, subtree))
  })
}

function readable(subtree: NameFacts): boolean {
  return subtree.form === 'uri' || subtree.form === 'dns' || (subtree.form === 'ip' && (subtree.value.length === 16 || subtree.value.length === 64))
}

function within(name: NameFacts, subtree: NameFacts): boolean {
  switch (name.form) {
    case 'uri':
      return hostWithin(hostOf(name.value) ?? '', subtree.value.toLowerCase())
    case 'dns':
      return dnsWithin(name.value.toLowerCase(), subtree.value.toLowerCase())
    case 'ip':
      return ipWithin(name.value, subtree.value)
    case 'other':
      return false
  }
}

/** Host of a URI with an authority that has neither userinfo nor port nor is an IP address; undefined otherwise. */
function hostOf(uri: string): string | undefined {
  const host = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(uri)?.[1]?.toLowerCase()
  return host !== undefined && /^[a-z0-9.-]+$/.test(host) && !/^[0-9.]+$/.test(host) ? host : undefined
}

/** A URI subtree is one host exactly, or with a leading dot all hosts below it. */
function hostWithin(host: string, subtree: string): boolean {
  return subtree.startsWith('.') ? host.endsWith(subtree) && host.length > subtree.length : host === subtree
}

/** A DNS subtree is a name and all names below it; the empty one is all names. */
function dnsWithin(name: string, subtree: string): boolean {
  return subtree === '' || name === subtree || name.endsWith('.' + subtree)
}

/** Hex of the address, and of address and mask. */
function ipWithin(address: string, subtree: string): boolean {
  if (subtree.length !== address.length * 2) return false
  for (let i = 0; i < address.length; i++) {
    const digit = (text: string, at: number) => parseInt(text.charAt(at), 16)
    const mask = digit(subtree, address.length + i)
    if ((digit(address, i) & mask) !== (digit(subtree, i) & mask)) return false
  }
  return true
}
