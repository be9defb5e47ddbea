/** The node's one Ed25519 key: libp2p key and certificate subject key at once. */
export interface Signer {
  /** libp2p PeerId as text, derived from the key. */
  readonly peer: string
  /** DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  /** Ed25519 signature, 64 bytes. */
  sign(data: Uint8Array): Uint8Array
}
