import { hex } from '../ids/hex.ts'

/** Bytes of an IPv4 or IPv6 address in hex, as certificates have them; undefined for anything else (RFC 4291 2.2, without zones). */
export function addressBytes(text: string): string | undefined {
  return text.includes(':') ? ipv6(text) : ipv4(text)
}

function ipv4(text: string): string | undefined {
  const parts = text.split('.')
  // No leading zeros: some read them as octal.
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256)) return undefined
  return hex(Uint8Array.from(parts, Number))
}

function ipv6(text: string): string | undefined {
  const cut = text.lastIndexOf(':') + 1
  const tail = text.includes('.') ? ipv4(text.slice(cut)) : ''
  if (tail === undefined) return undefined
  const groups = tail === '' ? text : `${text.slice(0, cut)}${tail.slice(0, 4)}:${tail.slice(4)}`
  const [head = '', rest, more] = groups.split('::')
  if (more !== undefined) return undefined
  const before = head === '' ? [] : head.split(':')
  const after = rest === undefined || rest === '' ? [] : rest.split(':')
  const missing = 8 - before.length - after.length
  if (rest === undefined ? missing !== 0 : missing < 1) return undefined
  const all = [...before, ...Array.from({ length: missing }, () => '0'), ...after]
  return all.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) ? all.map((group) => group.toLowerCase().padStart(4, '0')).join('') : undefined
}
