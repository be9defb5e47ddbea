import { parseSpiffeId } from '../../../../core/ids/spiffe-id.ts'
import { HansaError } from '../../../../schema/errors.ts'

/** Keyed hash of this gateway; the key never leaves it. */
export type Mac = (data: Uint8Array) => Uint8Array

/** Where an event goes: the gateway of the client, and what that one calls the webhook. */
export interface WebhookAddress {
  /** SPIFFE ID. */
  readonly gateway: string
  readonly id: string
}

/** Bytes of the hash that a token carries: 128 bits cannot be guessed, and URLs stay short. */
const MAC_BYTES = 16

/** A SPIFFE ID and an ID of 32 characters, in base64url, with the hash. */
const MAX_TOKEN = 800

/** Webhook URLs that this gateway gives to agents hold all that it has to know, so it need not remember them. `agent` is a handle. */
export class WebhookTokens {
  readonly #mac: Mac

  constructor(mac: Mac) {
    this.#mac = mac
  }

  seal(agent: string, { gateway, id }: WebhookAddress): string {
    const body = new TextEncoder().encode(`${gateway} ${id}`)
    return `${toBase64Url(body)}.${toBase64Url(this.#hash(agent, body))}`
  }

  /** Throws NOT_FOUND for a token that this gateway has not given out for this agent. */
  open(agent: string, token: string): WebhookAddress {
    const [body = '', hash = '', more] = token.length > MAX_TOKEN ? [] : token.split('.')
    const bytes = fromBase64Url(body)
    const wanted = bytes === undefined ? undefined : toBase64Url(this.#hash(agent, bytes))
    if (bytes === undefined || more !== undefined || wanted === undefined || !sameText(wanted, hash))
      throw new HansaError('NOT_FOUND', 'no webhook of this gateway', { agent: agent.slice(0, 320) })
    const [gateway = '', id = ''] = new TextDecoder().decode(bytes).split(' ')
    parseSpiffeId(gateway)
    return { gateway, id }
  }

  #hash(agent: string, body: Uint8Array): Uint8Array {
    const name = new TextEncoder().encode(`hansa-webhook:v1\0${agent}\0`)
    const data = new Uint8Array(name.length + body.length)
    data.set(name)
    data.set(body, name.length)
    return this.#mac(data).subarray(0, MAC_BYTES)
  }
}

/** Takes as long for a wrong first character as for a wrong last one. */
function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ (b.charCodeAt(index) || 0)
  return difference === 0
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

function fromBase64Url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return undefined
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
  } catch {
    return undefined
  }
}
