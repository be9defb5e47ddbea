import { createHash, timingSafeEqual } from 'node:crypto'
import { HansaError } from '../schema/errors.ts'

/** Who may speak to the admin server. */
export interface Gatekeeper {
  /**
   * Refuses requests that a web page tricked a browser into sending: a name that was made to point at this machine (DNS rebinding) shows in Host, a page
   * of another site in Origin. Throws PERMISSION_DENIED.
   */
  checkHost(host: string | undefined, origin: string | undefined): void
  /** Throws TOKEN_INVALID unless the header is Bearer and the token. */
  checkToken(authorization: string | undefined): void
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

/** @param local true on a Unix socket, which no browser can reach and where Host means nothing */
export function createGatekeeper(token: string, local: boolean): Gatekeeper {
  // Hashes are compared: equal in length whatever was sent, so that time tells nothing.
  const expected = sha256(token)
  return {
    checkHost(host, origin) {
      if (local) return
      if (!isLoopbackHost(host)) throw new HansaError('PERMISSION_DENIED', 'the Host header names another machine', { domain: 'this node' })
      if (origin !== undefined && origin !== `http://${host}`)
        throw new HansaError('PERMISSION_DENIED', 'the request comes from a page of another site', { domain: 'this node' })
    },
    checkToken(authorization = '') {
      const given = /^Bearer ([\x21-\x7e]{1,256})$/i.exec(authorization)?.[1]
      if (given === undefined || !timingSafeEqual(sha256(given), expected))
        throw new HansaError('TOKEN_INVALID', given === undefined ? 'the admin server wants a bearer token' : 'this is not the token of this node')
    }
  }
}

function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host)
}
