/** An ID token whose signature a pinned key of its issuer has made; or why it is none. */
export type SignedToken =
  { readonly ok: true; readonly issuer: string; readonly claims: Readonly<Record<string, unknown>> } | { readonly ok: false; readonly why: string }

/** By which listed authority a statement was signed; or why that is not known. */
export type SignedStatement = { readonly ok: true; readonly authority: string } | { readonly ok: false; readonly why: string }
