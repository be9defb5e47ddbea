import type { Verify } from '../../core/crypto.ts'
import type { Records } from '../../ports/records.ts'
import type { Signer } from '../../ports/signer.ts'
import { HansaError } from '../../schema/errors.ts'
import { openRecord, sealRecord } from '../../wire/signed-record.ts'
import type { MemberIdentities } from './member-identities.ts'

/** Signed records with the node's key; signers' chains come from the caches of `identities`, so a known signer costs one signature check. */
export function createRecords(deps: { readonly identities: MemberIdentities; readonly signer: Signer; readonly verify: Verify }): Records {
  const { identities, signer, verify } = deps
  return {
    seal(schema, value) {
      const chain = identities.chain()
      if (chain.length === 0) throw new HansaError('UNAUTHENTICATED', 'this node has no certificate yet and can sign nothing')
      return sealRecord(schema, value, (data) => signer.sign(data), chain)
    },
    open(schema, record) {
      const { identity, spki } = identities.signer(record.chain)
      return { message: openRecord(schema, record, spki, verify), signer: identity }
    },
    consistent(schema, record) {
      const { identity, spki, root } = identities.foreign(record.chain)
      return { message: openRecord(schema, record, spki, verify), signer: identity, root }
    }
  }
}
