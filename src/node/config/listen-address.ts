import { isIP } from 'node:net'

/** Where a server listens: a TCP port on one address (port 0: any free one), or a Unix socket. */
export type ListenAddress = { readonly kind: 'tcp'; readonly host: string; readonly port: number } | { readonly kind: 'unix'; readonly path: string }

/** host:port, with an IP address (an IPv6 one in brackets) or localhost as the host; undefined when it is none. */
export function parseTcpAddress(text: string): (ListenAddress & { readonly kind: 'tcp' }) | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || !(port <= 65_535)) return undefined
  if (bracketed === undefined ? isIP(host) !== 4 && host !== 'localhost' : isIP(host) !== 6) return undefined
  return { kind: 'tcp', host, port }
}

/** As parseTcpAddress, or unix:PATH. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (!text.startsWith('unix:')) return parseTcpAddress(text)
  const path = text.slice('unix:'.length)
  // 107 bytes are what a sockaddr_un holds on Linux beside the final zero; a longer path would be cut without a word.
  return path === '' || Buffer.byteLength(path) > 107 ? undefined : { kind: 'unix', path }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

export function formatListenAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}
