import type { Duplex } from 'node:stream'
import { MAX_SNIFF, sniff, type Spoken } from './sniff.ts'

/**
 * Reads just enough of a socket to tell what is spoken on it, and puts the bytes back. They are kept apart until then: a byte that is put back and read again is an endless
 * loop when the next one does not come. Resolves with undefined for what is nothing, or ends, or fails before it can be told.
 */
export function firstBytes(socket: Duplex): Promise<Spoken | undefined> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = []
    let size = 0

    function settle(spoken: Spoken | undefined): void {
      socket.off('readable', read)
      socket.off('end', gone)
      socket.off('close', gone)
      socket.off('error', gone)
      if (spoken !== undefined && size > 0) socket.unshift(Buffer.concat(pieces, size))
      resolve(spoken)
    }
    function gone(): void {
      settle(undefined)
    }
    function read(): void {
      for (let piece = socket.read() as Buffer | null; piece !== null; piece = socket.read() as Buffer | null) {
        pieces.push(piece)
        size += piece.length
        const spoken = sniff(size <= piece.length ? piece : Buffer.concat(pieces, size).subarray(0, MAX_SNIFF))
        if (spoken !== 'more') return settle(spoken)
      }
    }

    socket.on('readable', read)
    socket.on('end', gone)
    socket.on('close', gone)
    socket.on('error', gone)
  })
}
