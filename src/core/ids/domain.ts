import { HansaError } from '../../schema/errors.ts'

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** True for a lower-case fully qualified domain name of at least two labels and at most 253 characters that is not an IP address. */
export function isDomain(text: string): boolean {
  if (text.length > 253) return false
  const labels = text.split('.')
  return labels.length >= 2 && labels.every((label) => LABEL.test(label)) && !/^[0-9]+$/.test(labels.at(-1) ?? '')
}

/** Returns `text` when it is a trust domain; throws INVALID_ARGUMENT otherwise. */
export function parseDomain(text: string): string {
  if (!isDomain(text)) throw new HansaError('INVALID_ARGUMENT', `not a trust domain: ${quote(text)}; a lower-case name such as north.example is wanted`)
  return text
}

/** A hostile string made safe to show: bounded and without control characters. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? text.slice(0, 80) + '…' : text)
}
