import { stateOf } from '../../core/pki/issued.ts'
import type { Book } from './book.ts'

/** Names of those who have a DNS name now: in a certificate in force or on hold, or by an ACME account. TLS clients outside the network know a server by nothing else. */
export function dnsHolders({ ledger, accounts }: Pick<Book, 'ledger' | 'accounts'>, dnsName: string, now: number): string[] {
  const certified = ledger.byDnsName(dnsName).filter((issued) => ['good', 'held'].includes(stateOf(issued, now)))
  return [...certified.map(({ name }) => name), ...accounts.byDnsName(dnsName).map(([, { grant }]) => grant.name)]
}
