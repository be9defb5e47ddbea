import type { NameFacts } from './facts.ts'
import { certificateHost, mailbox } from './host-names.ts'

/** An absolute URI in the characters that RFC 3986 2 has; others, such as a backslash, mean another thing to each reader. */
const URI = /^[a-z][a-z0-9+.-]*:[a-z0-9:/?#[\]@!$&'()*+,;=._~%-]+$/i

/** Is this a name of a certificate as its form is written? Malformed ones mean another thing to each reader. */
export function isWellFormed({ form, value }: NameFacts): boolean {
  switch (form) {
    case 'dns':
      return certificateHost(value) !== undefined
    case 'ip':
      return value.length === 8 || value.length === 32
    case 'email':
      return mailbox(value) !== undefined
    case 'uri':
      return URI.test(value)
    default:
      return true
  }
}
