import { lookup } from 'node:dns/promises'
import http from 'node:http'
import https from 'node:https'
import { isIP } from 'node:net'
import type { WebhookSender } from '../../ports/webhook-sender.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { allowedAddresses } from './allowed-addresses.ts'

export interface WebhookSenderSettings {
  /** Private addresses that may be posted to all the same: IP addresses, networks, host names. */
  readonly allow: readonly string[]
  /** Longest time for one post, in milliseconds. */
  readonly timeoutMs?: number
}

const MAX_URL = 2_048

/**
 * Posts to webhooks. A name is resolved once, every address that it has must be allowed, and the connection goes to the address that was checked: a name that
 * changes between the two (DNS rebinding) leads nowhere else. Redirects are not followed, answers are not read.
 */
export function createWebhookSender(settings: WebhookSenderSettings): WebhookSender {
  const allowed = allowedAddresses(settings.allow)
  const timeoutMs = settings.timeoutMs ?? 10_000

  function parse(text: string): URL {
    const url = text.length <= MAX_URL ? URL.parse(text) : null
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.username !== '' || url.password !== '')
      throw refused(text, 'an http: or https: URL without a name and password is wanted')
    const host = hostOf(url)
    if (isIP(host) !== 0 && !allowed.allows(host, host)) throw refused(text, 'the address is private; the operator may list it (gateway.webhooks)')
    if (/(^|\.)localhost$/i.test(host) && !allowed.allows('127.0.0.1', host))
      throw refused(text, 'the address is private; the operator may list it (gateway.webhooks)')
    return url
  }

  async function resolve(url: URL): Promise<{ readonly address: string; readonly family: number }> {
    const host = hostOf(url)
    if (isIP(host) !== 0) return { address: host, family: isIP(host) }
    let found
    try {
      found = await lookup(host, { all: true, verbatim: true })
    } catch (cause) {
      throw new HansaError('PEER_UNREACHABLE', `the host of the webhook, ${host}, cannot be resolved`, {}, cause)
    }
    const [first] = found
    // One private address among public ones is how a name is made to lead inside.
    if (first === undefined || !found.every(({ address }) => allowed.allows(address, host))) throw refused(url.href, 'the name leads to a private address')
    return first
  }

  return {
    check: (url) => void parse(url),
    async post({ url: text, body, headers, signal }) {
      const url = parse(text)
      const target = await resolve(url)
      const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
      const status = await send(url, target, body, headers, within)
      if (status < 200 || status > 299) throw new HansaError('PEER_UNREACHABLE', `the webhook at ${url.origin} answered with HTTP ${status}`, { status })
    }
  }
}

function send(
  url: URL,
  { address, family }: { readonly address: string; readonly family: number },
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal
): Promise<number> {
  const { request } = url.protocol === 'https:' ? https : http
  return new Promise((resolve, reject) => {
    const options: https.RequestOptions = {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      signal,
      // No connection is kept: the next post is checked anew.
      agent: false,
      lookup: (_host, { all }, done) => (all === true ? done(null, [{ address, family }]) : done(null, address, family))
    }
    const outgoing = request(url, options, (response) => {
      resolve(response.statusCode ?? 0)
      response.destroy()
    })
    outgoing.on('error', (cause) =>
      reject(signal.aborted ? toHansaError(signal.reason) : new HansaError('PEER_UNREACHABLE', `the webhook at ${url.origin} does not answer`, {}, cause))
    )
    outgoing.end(body)
  })
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
}

function refused(url: string, why: string): HansaError {
  return new HansaError('INVALID_ARGUMENT', `no webhook: ${JSON.stringify(url.slice(0, 200))}: ${why}`, { field: 'url' })
}
