import type { SignedStatement, SignedToken } from '../core/pki/signed.ts'

/** Signatures of those whose keys the operator has pinned: OpenID providers and authorities on qualification documents. Nothing is fetched. What is signed is judged elsewhere. */
export interface TokenVerifier {
  /** An ID token (compact JWS) and what it claims, when a key of the issuer that it names has signed it. */
  idToken(token: string): Promise<SignedToken>
  /** Whether `jws`, detached (RFC 7515 appendix F), is a signature of `authority` over `statement`. */
  statement(authority: string, statement: Uint8Array, jws: string): Promise<SignedStatement>
}
