/**
 * Frames between two peers whose keys the transport has proved. Two implementations: libp2p streams and the memory network of the tests.
 * All handling of libp2p streams is behind this port.
 */
export interface Network {
  /** Own PeerId. */
  readonly peer: string
  /** Addresses at which others reach this node, with /p2p/<peer>. */
  addresses(): string[]
  /** Opens a stream; dials when not connected. Throws PEER_UNREACHABLE, or PROTOCOL_VERSION when the other side does not speak it. */
  open(peer: string, addresses: readonly string[], protocol: string, signal?: AbortSignal): Promise<Channel>
  /** Serves a protocol; `fn` owns the channel. */
  handle(protocol: string, fn: (channel: Channel) => void): Promise<void>
  /** Dials an address (with or without /p2p); returns the PeerId that answered. */
  dial(address: string, signal?: AbortSignal): Promise<string>
  /** Cuts all connections with a peer, streams included. */
  hangUp(peer: string): Promise<void>
  /** Peers with an open connection. */
  peers(): ConnectedPeer[]
  onConnect(fn: (peer: string) => void): void
  /** The last connection with the peer is gone. */
  onDisconnect(fn: (peer: string) => void): void
}

export interface ConnectedPeer {
  readonly peer: string
  readonly address: string
  readonly direction: 'inbound' | 'outbound'
}

/** One stream of frames, with back-pressure both ways. */
export interface Channel {
  readonly peer: string
  /**
   * Next frame, or undefined after an orderly end. Throws FRAME_TOO_LARGE or MALFORMED for bytes that are no frame, CONNECTION_LOST when the stream
   * was reset or ended in the middle. No two reads at a time.
   */
  read(): Promise<Frame | undefined>
  /** Frame that has arrived already, if any; never waits. */
  poll(): Frame | undefined
  /** Resolves when more may be sent. Throws CONNECTION_LOST. Writes of one turn go out together. */
  write(frame: Frame): Promise<void>
  /** Flushes, then ends in order. */
  close(): Promise<void>
  /** Resets at once; the other side's read throws. No-op on a closed channel. */
  abort(reason?: Error): void
  /** Called once when the channel has ended in any way; with an error unless it ended in order. */
  onClose(fn: (error?: Error) => void): void
}

/** A frame as wire/frames.ts encodes it: a type and at most 64 KiB. */
export interface Frame {
  readonly type: number
  readonly payload: Uint8Array
}
