import type { Grant } from './grant.ts'
import type { Changes } from './approval.ts'
import type { Verdict } from './verdict.ts'

/** A certificate application as the ACA remembers it (draft 3.1.1). */
export interface ApplicationRecord {
  /** Short public name; the key of the record. */
  readonly ref: string
  /** 128 random bits, hex; secret: whoever knows it may ask how the application fares. */
  readonly id: string
  readonly state: 'pending' | 'issued' | 'rejected'
  readonly door: 'libp2p' | 'est' | 'acme' | 'cli'
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly expiresAt: number
  /** The request, DER in hex. */
  readonly csr: string
  /** PeerId of an Ed25519 key, otherwise empty. */
  readonly peer: string
  readonly keyId: string
  /** PeerId that the transport proved; absent for those that did not come over the network. */
  readonly applicant?: string
  /** Whose room in the queue it takes (core/pki/queue-shares.ts). */
  readonly share: string
  /** True when something that it brought was verified. */
  readonly proven: boolean
  /** Names the request and the applicant: the same again is this application. */
  readonly repeat: string
  /** Names what it was brought with: after a rejection, other materials make another application. */
  readonly brought: string
  readonly asked: Grant
  /** The new holder takes the name over from whoever has it. */
  readonly replace: boolean
  readonly account?: string
  readonly developer?: string
  readonly skills: readonly string[]
  readonly documents: readonly { readonly title: string; readonly sha256: string; readonly authority?: string }[]
  readonly cites?: string
  readonly verdicts: readonly Verdict[]
  readonly approvals: readonly { readonly approver: string; readonly at: number; readonly changes: Changes }[]
  readonly digest: string
  /** Why it was rejected, or what it waits for. */
  readonly message?: string
  /** Present when issued. */
  readonly serial?: string
  /** The certificate, DER in hex; present when issued. */
  readonly leaf?: string
}

/** What an application says and what was found of it, in one form: its SHA-256 is what approvers sign and what the certificate names as evidence. */
export function applicationBytes(record: Omit<ApplicationRecord, 'digest'>): Uint8Array {
  const { ref, door, at, keyId, csr, asked, replace, developer, skills, documents, cites, verdicts } = record
  const { name, roles, scopes, organisation, dnsNames } = asked
  const grant = [name, roles, scopes, organisation ?? null, dnsNames, replace]
  const papers = documents.map(({ title, sha256, authority }) => [title, sha256, authority ?? null])
  const found = verdicts.map(({ material, state, detail }) => [material, state, detail])
  const fields = [ref, door, at, keyId, csr, grant, developer ?? null, skills, papers, cites ?? null, found]
  return new TextEncoder().encode(`hansa/aca/application/1\n${JSON.stringify(fields)}`)
}
