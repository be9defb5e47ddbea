const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * A DNS name in lower case (RFC 1123 2.1): labels of letters, digits and inner hyphens, no dot at either end, not an IPv4 address in any of its ways of
 * writing, 253 characters at most. Undefined for anything else.
 */
export function hostName(text: string): string | undefined {
  if (text.length === 0 || text.length > 253) return undefined
  const name = text.toLowerCase()
  const labels = name.split('.')
  // A last label of digits, or of 0x and digits, is read as an address by URL parsers (WHATWG URL 3.5).
  return labels.every((label) => LABEL.test(label)) && !/^([0-9]+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '') ? name : undefined
}

/** A DNS name of a certificate in lower case, perhaps with `*` for its whole first label above at least two more; undefined for anything else. */
export function certificateHost(text: string): { readonly name: string; readonly wildcard: boolean } | undefined {
  const wildcard = text.startsWith('*.')
  const name = hostName(wildcard ? text.slice(2) : text)
  return name === undefined || (wildcard && !name.includes('.')) ? undefined : { name, wildcard }
}

/** Host of an absolute URI, when that is a DNS name in plain sight: no user, no port, no address, no escape. Undefined otherwise. */
export function uriHost(uri: string): string | undefined {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(uri)?.[1]
  return authority === undefined ? undefined : hostName(authority)
}

/** A mailbox: local part as written, host in lower case; undefined for anything else, quoted local parts included. */
export function mailbox(text: string): { readonly local: string; readonly host: string } | undefined {
  const [, local = '', domain = ''] = /^([a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64})@([^@]+)$/i.exec(text) ?? []
  const host = hostName(domain)
  return local === '' || host === undefined ? undefined : { local, host }
}

/** True for `name` itself and, below a dot, all names under it. */
export function isWithin(name: string, above: string): boolean {
  return name === above || name.endsWith(`.${above}`)
}
