import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import type { SignedRecord } from '../schema/generated/hansa/v1/call_pb.ts'
import type { PeerIdentity } from './identity.ts'

/** Signed records: made with the node's key, believed only after the signer's chain has been verified against a listed root. */
export interface Records {
  /** Throws UNAUTHENTICATED before enrolment. */
  seal<S extends DescMessage>(schema: S, value: MessageInitShape<S>): SignedRecord
  /** Throws SIGNATURE_INVALID, MALFORMED (wrong type, undecodable), and as Identities.verifySigner. */
  open<S extends DescMessage>(schema: S, record: SignedRecord): { readonly message: MessageShape<S>; readonly signer: PeerIdentity }
  /**
   * Checks only that a record is consistent in itself: chain up to its own root, signature, type. For nodes that store records of domains they have not
   * listed. `root` is the SHA-256 of the chain's root certificate.
   */
  consistent<S extends DescMessage>(
    schema: S,
    record: SignedRecord
  ): { readonly message: MessageShape<S>; readonly signer: PeerIdentity; readonly root: Uint8Array }
}
