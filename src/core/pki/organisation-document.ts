import { hex } from '../ids/hex.ts'
import { quote } from '../ids/domain.ts'
import type { SignedStatement } from './signed.ts'
import type { Verdict } from './verdict.ts'

/** A qualification document as it was brought, with what came of its signature. */
export interface BroughtDocument {
  readonly title: string
  readonly sha256: Uint8Array
  /** UTF-8 JSON { iss, sub, sha256, iat, exp, key? }. */
  readonly statement: Uint8Array
  /** Undefined when it has no signature. */
  readonly signed: SignedStatement | undefined
}

export interface DocumentReview {
  readonly verdict: Verdict
  /** Present when verified. */
  readonly authority?: string
  readonly organisation?: string
}

const SKEW_MS = 60_000

/**
 * What a document proves: that a listed authority said of an organisation that it has this document. The authority has read it, the ACA has not; without a signature it
 * is written down and no more. A statement that names a key (SHA-256 of the SubjectPublicKeyInfo, hex) counts for the applicant with that key alone: a copy of it helps nobody.
 * `keyId` names the applicant's key in the same way.
 */
export function reviewDocument(document: BroughtDocument, organisation: string | undefined, keyId: string, now: number): DocumentReview {
  const { title, signed } = document
  const called = quote(title)
  const bad = (why: string): DocumentReview => ({ verdict: { material: 'document', state: 'failed', detail: `${called}: ${why}` } })
  if (document.sha256.length !== 32) return bad('its hash is no SHA-256')
  if (signed === undefined) return { verdict: { material: 'document', state: 'recorded', detail: `${called}: its hash, which no authority has signed` } }
  if (!signed.ok) return bad(signed.why)
  const statement = readStatement(document.statement)
  if (statement === undefined) return bad('the statement is no JSON object with iss, sub, sha256, iat and exp')
  if (statement.iss !== signed.authority) return bad('the statement names another authority than the one that signed it')
  if (statement.sha256 !== hex(document.sha256)) return bad('the statement is about another document')
  if (organisation === undefined || statement.sub !== organisation)
    return bad(`the statement is about ${quote(statement.sub)}, not about the applicant's organisation`)
  if (statement.key !== undefined && !namesKey(statement.key, keyId)) return bad('the statement is for the holder of another key')
  if (now > statement.exp * 1000) return bad('the statement has expired')
  if (now < statement.iat * 1000 - SKEW_MS) return bad('the statement is not valid yet')
  const detail = `${called}: ${quote(signed.authority)} says so of ${quote(statement.sub)}; this authority has not read it`
  return { verdict: { material: 'document', state: 'verified', detail }, authority: signed.authority, organisation: statement.sub }
}

/** People copy it as it is shown to them, SHA256: before it. */
function namesKey(key: unknown, keyId: string): boolean {
  return typeof key === 'string' && key.replace(/^SHA256:/, '').toLowerCase() === keyId
}

interface Statement {
  readonly iss: string
  readonly sub: string
  readonly sha256: string
  readonly iat: number
  readonly exp: number
  /** Absent: for whoever brings it. */
  readonly key?: unknown
}

/** Issuer that a statement names, before anything of it is believed; undefined when it is none. */
export function statedIssuer(bytes: Uint8Array): string | undefined {
  return readStatement(bytes)?.iss
}

function readStatement(bytes: Uint8Array): Statement | undefined {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { iss, sub, sha256, iat, exp } = value as Partial<Record<keyof Statement, unknown>>
  const texts = typeof iss === 'string' && typeof sub === 'string' && typeof sha256 === 'string'
  return texts && Number.isFinite(iat) && Number.isFinite(exp) ? (value as Statement) : undefined
}
