import { DomainRecordSchema } from '../../schema/generated/hansa/v1/directory_pb.ts'
import { domainKey } from './keys.ts'
import { type RuleInput, type Rules, rulesFor } from './rules.ts'

/** Rules for the namespace of domains' records. */
export function domainRules({ consistent, sha256, now }: RuleInput): Rules {
  return rulesFor((record) => {
    const { message, signer, root } = consistent(DomainRecordSchema, record)
    const { domain, sequence } = message
    const key = domainKey(domain, root, sha256)
    return { key, domain, signer, sequence, issuedAt: Number(message.issuedAt), expiresAt: Number(message.expiresAt) }
  }, now)
}
