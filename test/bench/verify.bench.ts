import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify as rawVerify } from 'node:crypto'
import { createVerify, sha256 } from '../../src/adapters/system/crypto.ts'
import { createChains } from '../../src/roles/member/chains.ts'
import { OIDS } from '../../src/wire/x509/oids.ts'
import { ext, key, mint, MINTED_AT } from '../support/mint.ts'
import { testDomain } from '../support/pki.ts'
import { median } from './frame/compare.ts'
import type { Report } from './frame/report.ts'

export const name = 'verify'

const DOMAIN = 'north.example'
/** Chains that are new each, made before anything is measured. */
const CHAINS = 1_500
const SLICES = 5
const SLICE_MS = 600

/**
 * How fast a member believes a chain of leaf, issuing CA and root, beside as many checks of one Ed25519 signature over as many bytes by node:crypto alone, the key
 * parsed. "All new": three keys and three certificates that nobody has seen, which are three signatures. "CAs known": a new leaf under CAs that were met before,
 * as a gateway has it with all agents of a domain after the first.
 */
export async function run(report: Report): Promise<void> {
  const strangers = Array.from({ length: CHAINS }, (_, index) => chainOf(index, true))
  const neighbors = Array.from({ length: CHAINS }, (_, index) => chainOf(index, false))
  const one = await (await testDomain(DOMAIN, MINTED_AT)).leaf({ name: 'flight' })
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const data = one.chain[0] ?? new Uint8Array()
  const signature = sign(null, data, privateKey)
  const warm = createChains(createVerify(), sha256, 4096)
  const cached = (): void => void warm.verify(one.chain, MINTED_AT)

  const cases: readonly [string, () => number][] = [
    ['raw Ed25519 verification', () => rate(() => rawVerifyOnce(data, publicKey, signature))],
    ['chain seen before', () => rate(cached)],
    ['chain of known CAs', () => overAll(neighbors)],
    ['chain, all new', () => overAll(strangers)]
  ]
  const measured = cases.map(() => [] as number[])
  for (const [, measure] of cases) measure()
  for (let round = 0; round < SLICES; round++) for (const [index, [, measure]] of cases.entries()) measured[index]?.push(measure())
  for (const [index, [what]] of cases.entries())
    report.add(what, 'verifications', median(measured[index] ?? []), '1/s', index === 0 ? undefined : cases[0]?.[0])
}

function rawVerifyOnce(data: Uint8Array, publicKey: KeyObject, signature: Uint8Array): void {
  if (!rawVerify(null, data, publicKey, signature)) throw new Error('a good signature was refused')
}

function rate(once: () => void): number {
  const begin = performance.now()
  let calls = 0
  for (; performance.now() - begin < SLICE_MS; calls += 50) for (let i = 0; i < 50; i++) once()
  return (calls * 1000) / (performance.now() - begin)
}

/** A member that has seen one chain of the first one's CAs, if any at all. */
function overAll(chains: readonly (readonly Uint8Array[])[]): number {
  const [first, ...others] = chains
  const member = createChains(createVerify(), sha256, CHAINS)
  member.verify(first ?? [], MINTED_AT)
  const begin = performance.now()
  for (const chain of others) member.verify(chain, MINTED_AT)
  return (others.length * 1000) / (performance.now() - begin)
}

function chainOf(index: number, fresh: boolean): Uint8Array[] {
  const newKey = () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const publicKey = new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }))
    return { peer: '', publicKey, sign: (data: Uint8Array) => new Uint8Array(sign(null, data, privateKey)) }
  }
  const [root, issuing] = fresh ? [newKey(), newKey()] : [key(1), key(2)]
  const [rootName, issuingName] = [`${DOMAIN} root`, `${DOMAIN} issuing`]
  const leaf = [
    ...[ext.basic(false), ext.usage(0x80), ext.eku(OIDS.clientAuth, OIDS.serverAuth)],
    ...[ext.uris(`spiffe://${DOMAIN}/agent/flight-${index}`), ext.roles('agent')]
  ]
  return [
    mint({ subject: `flight-${index}`, issuer: issuingName, key: newKey(), signedBy: issuing, extensions: leaf }),
    mint({ subject: issuingName, issuer: rootName, key: issuing, signedBy: root, extensions: [ext.basic(true, 0), ext.usage(0x06), ext.constraints(DOMAIN)] }),
    mint({ subject: rootName, issuer: rootName, key: root, signedBy: root, extensions: [ext.basic(true, 1), ext.usage(0x06)] })
  ]
}
