import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { HansaError } from '../../schema/errors.ts'

/** What a proxy says of the request that it passes on; each part is absent where the proxy does not say it. */
export interface Forwarded {
  /** IP address of the client. */
  readonly address?: string
  /** Host header that the client sent. */
  readonly host?: string
  /** Base URL under which the client reached the proxy. */
  readonly base?: string
}

/** The proxies that an operator has put before the gateway (config gateway.proxies). */
export interface Proxies {
  /** What the proxy says that this request came through; undefined when it came from anybody else, whatever its headers say. */
  read(request: Pick<IncomingMessage, 'headers'>, peer: string | undefined): Forwarded | undefined
}

/** `entries`: IP addresses and networks such as 10.0.0.0/8. Throws CONFIG_INVALID. */
export function createProxies(entries: readonly string[]): Proxies {
  const listed = new BlockList()
  for (const entry of entries) add(listed, entry)
  const believes = (address: string): boolean => isIP(address) !== 0 && listed.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

  return {
    read({ headers }, peer) {
      if (peer === undefined || !believes(peer)) return undefined
      const said = headers.forwarded === undefined ? fromLegacy(headers) : fromStandard(headers.forwarded)
      // Each proxy adds whom it heard it from at the end; who stands before the first one that is not ours may have invented the rest.
      const address = said.path.findLast((hop) => !believes(hop)) ?? said.path[0]
      const host = said.host !== undefined && HOST.test(said.host) ? said.host.toLowerCase() : undefined
      const base = host !== undefined && (said.proto === 'http' || said.proto === 'https') ? `${said.proto}://${host}` : undefined
      return {
        ...(address !== undefined && isIP(address) !== 0 ? { address } : {}),
        ...(host === undefined ? {} : { host }),
        ...(base === undefined ? {} : { base })
      }
    }
  }
}

/** host[:port] as it may stand in a URL. */
const HOST = /^(?=.{1,260}$)([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(:\d{1,5})?$/i

interface Said {
  /** From the client to the last proxy but one. */
  readonly path: readonly string[]
  readonly proto?: string
  readonly host?: string
}

/** X-Forwarded-For, -Proto and -Host. Of several the last was added by the proxy before us. */
function fromLegacy(headers: IncomingMessage['headers']): Said {
  const last = (name: string): string | undefined => listOf(headers[name]).at(-1)
  return { path: listOf(headers['x-forwarded-for']).map(withoutPort), proto: last('x-forwarded-proto')?.toLowerCase(), host: last('x-forwarded-host') }
}

/** Forwarded (RFC 7239). */
function fromStandard(header: string): Said {
  const hops = listOf(header).map((hop) => {
    const pairs = hop.split(';').map((pair): [string, string] => {
      const at = pair.indexOf('=')
      const value = pair.slice(at + 1).trim()
      return [pair.slice(0, Math.max(at, 0)).trim().toLowerCase(), value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value]
    })
    return new Map(pairs)
  })
  const last = hops.at(-1)
  return { path: hops.map((hop) => withoutPort(hop.get('for') ?? '')), proto: last?.get('proto')?.toLowerCase(), host: last?.get('host') }
}

function listOf(header: string | string[] | undefined): string[] {
  return header === undefined
    ? []
    : String(header)
        .split(',')
        .map((each) => each.trim())
}

/** 1.2.3.4:5, [v6]:5 and [v6], as proxies write them. */
function withoutPort(text: string): string {
  return /^\[([^\]]+)\](:\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text
}

function add(list: BlockList, entry: string): void {
  const [network = '', prefix, more] = entry.split('/')
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4'
  const bits = prefix === undefined ? undefined : /^\d{1,3}$/.test(prefix) ? Number(prefix) : NaN
  if (isIP(network) === 0 || more !== undefined || (bits !== undefined && !(bits <= (family === 'ipv6' ? 128 : 32))))
    throw new HansaError('CONFIG_INVALID', `gateway.proxies: ${JSON.stringify(entry)} is neither an IP address nor a network such as 10.0.0.0/8`)
  if (bits === undefined) list.addAddress(network, family)
  else list.addSubnet(network, bits, family)
}
