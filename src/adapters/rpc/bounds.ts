/** Version of the frames' content, in Hello. A peer with another one is refused with PROTOCOL_VERSION. */
export const HELLO_VERSION = 1
/** A chain is leaf, issuing CA, root; one more for a cross-signed root. */
export const MAX_CHAIN = 4
/** How long a side waits for the other's HELLO. */
export const HELLO_MS = 10_000
/** Idle streams kept per peer and protocol: a gateway has many calls at a time with one peer; an idle stream costs 7 kB, opening one a millisecond. */
export const MAX_IDLE = 64
/** The client closes an idle stream first; the server's longer patience makes a race rare. */
export const CLIENT_IDLE_MS = 60_000
export const SERVER_IDLE_MS = 180_000
/** Streams that one peer may have open to us, idle ones included. */
export const MAX_STREAMS_PER_PEER = 1_024
/** The same for a peer that has shown no certificate that is believed: PeerIds cost nothing, and an idle stream 7 kB. */
export const MAX_STREAMS_PER_STRANGER = 32
/** Calls served at one time by one node. */
export const MAX_CALLS = 10_000
/** How much of a refused call's request is read and dropped so that its stream can be used again; then it is reset. */
export const DRAIN_BYTES = 256 * 1024
export const DRAIN_MS = 5_000
/** How long a node that stops waits for the other sides to have read its last answers: some round trips on a slow line, and not for those who are gone. */
export const LAST_ANSWERS_MS = 1_000
/** Longest deadline (CallOpen). */
export const MAX_DEADLINE_MS = 3_600_000
/** Longest message text and metadata in a trailer, so that it fits a frame whatever a handler threw. */
export const MAX_ERROR_TEXT = 2_048
export const MAX_ERROR_METADATA = 32
