import { BlockList, isIP } from 'node:net'

/** Networks that are no part of the public internet (IANA special-purpose registries): this machine, its networks, and what reaches them by another name. */
const PRIVATE: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 96, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['100::', 64, 'ipv6'],
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6']
]

// BlockList reads ::ffff:a.b.c.d as the IPv4 address that it is.
const PRIVATE_NETWORKS = new BlockList()
for (const [network, prefix, family] of PRIVATE) PRIVATE_NETWORKS.addSubnet(network, prefix, family)

/** Which addresses may be posted to: public ones, and what the operator lists (an IP address, a network such as 10.0.0.0/8, or a host name). */
export interface AllowedAddresses {
  /** An IP address, once a name has been resolved. `host` is the name that led to it. */
  allows(address: string, host: string): boolean
}

export function allowedAddresses(entries: readonly string[]): AllowedAddresses {
  const listed = new BlockList()
  const hosts = new Set<string>()
  for (const entry of entries) {
    const [network = '', prefix] = entry.split('/')
    const family = isIP(network) === 6 ? 'ipv6' : 'ipv4'
    if (isIP(network) === 0) hosts.add(entry.toLowerCase())
    else if (prefix === undefined) listed.addAddress(network, family)
    else listed.addSubnet(network, Number(prefix), family)
  }
  return {
    allows(address, host) {
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
      if (isIP(address) === 0) return false
      return hosts.has(host.toLowerCase()) || listed.check(address, family) || !PRIVATE_NETWORKS.check(address, family)
    }
  }
}
