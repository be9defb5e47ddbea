import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../src/adapters/sqlite/store.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { createSigner, createVerify, sha256 } from '../../src/adapters/system/crypto.ts'
import { hex } from '../../src/core/ids/hex.ts'
import { verifyCrl } from '../../src/core/pki/revocation.ts'
import { AuditLog } from '../../src/roles/aca/audit-log.ts'
import { CrlDesk } from '../../src/roles/aca/crl.ts'
import { DEFAULT_ACA } from '../../src/roles/aca/config.ts'
import type { AcaDeps } from '../../src/roles/aca/deps.ts'
import { Ledger } from '../../src/roles/aca/ledger.ts'
import { createOwnCas } from '../../src/roles/aca/own-cas.ts'
import { parseCertificate } from '../../src/wire/x509/certificate.ts'
import { type Crl, CRL_REASONS, type CrlReason, parseCrl, writeCrl } from '../../src/wire/x509/crl.ts'
import { MemoryLog } from '../support/memory/memory-log.ts'
import { testDomain, type TestDomain } from '../support/pki.ts'
import type { Report } from './frame/report.ts'

export const name = 'crl'

const SIZES = [1_000, 10_000, 100_000]
const DAY_MS = 86_400_000
const RUNS = 5
const RAW_SIGNS = 2_000
const REASONS = (Object.keys(CRL_REASONS) as CrlReason[]).filter((reason) => reason !== 'unspecified')

/**
 * Revocation lists of 1,000, 10,000 and 100,000 entries: made (written and signed), parsed, its signature verified; and `desk`, all that the ACA does at a revocation while that many are
 * revoked: rows read from the ledger in SQLite, list made, parsed, verified, committed. Baseline: one raw Ed25519 signature of 700 bytes.
 */
export async function run(report: Report): Promise<void> {
  const now = Date.now()
  const domain = await testDomain('north.example', now)
  const signer = createSigner(new Uint8Array(randomBytes(32)))
  const message = new Uint8Array(randomBytes(700))
  const sign = median(() => {
    for (let n = 0; n < RAW_SIGNS; n++) signer.sign(message)
  })
  report.add('raw sign', 'time', sign / RAW_SIGNS, 'ms')
  for (const size of SIZES) {
    const what = `${size} entries`
    const revoked = Array.from({ length: size }, () => ({ serial: serial(), at: now - Math.floor(Math.random() * 30 * DAY_MS), reason: pick() }))
    const ca = parseCertificate(domain.issuing)
    const contents = { issuer: ca.subject, issuerKeyIdentifier: ca.subjectKeyIdentifier ?? '', number: 1, thisUpdate: now, nextUpdate: now + DAY_MS, revoked }
    const verify = createVerify()
    let der = new Uint8Array()
    let crl: Crl | undefined
    const times = {
      make: median(() => (der = writeCrl(contents, domain.sign) as Uint8Array<ArrayBuffer>)),
      parse: median(() => (crl = parseCrl(der))),
      verify: median(() => crl !== undefined && verifyCrl(crl, ca, now, verify)),
      desk: await desk(domain, revoked, now)
    }
    for (const [metric, ms] of Object.entries(times)) report.add(`${what}, ${metric}`, 'time', ms, 'ms', 'raw sign')
    report.add(what, 'size', der.length / 1024, 'KiB')
  }
}

/** One more revocation on top of these, as the ACA does it; the slowest of three. */
async function desk(domain: TestDomain, revoked: readonly { serial: string; at: number; reason: string }[], now: number): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), 'hansa-bench-crl-'))
  const store = openStore(join(dir, 'state.db'))
  try {
    const ledger = new Ledger(store)
    const issuer = domain.issuer.signers[0]?.id ?? ''
    const row = { name: 'a', roles: ['agent' as const], scopes: [], dnsNames: [], spiffeId: 'spiffe://north.example/agent/a', peer: 'p', issuer }
    const put = ({ serial, at, reason }: { serial: string; at: number; reason: string }) =>
      ledger.putCertificate({ ...row, serial, keyId: serial, notBefore: at, notAfter: now + DAY_MS, revokedAt: at, reason })
    for (const each of revoked) put(each)
    await ledger.commit()
    const deps = { clock: systemClock, log: new MemoryLog(), store, issuer: domain.issuer, verify: createVerify(), sha256, onCrl: () => {} }
    const lists = new CrlDesk(DEFAULT_ACA, deps as unknown as AcaDeps, ledger, new AuditLog(deps), createOwnCas(deps.verify, sha256))
    let slowest = 0
    for (let n = 0; n < 3; n++) {
      const start = performance.now()
      put({ serial: serial(), at: now, reason: 'superseded' })
      lists.write([issuer])
      await ledger.commit()
      slowest = Math.max(slowest, performance.now() - start)
    }
    return slowest
  } finally {
    store.close()
    await rm(dir, { recursive: true, force: true })
  }
}

function serial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return hex(bytes)
}

function pick(): CrlReason {
  return REASONS[Math.floor(Math.random() * REASONS.length)] ?? 'superseded'
}

function median(work: () => unknown): number {
  const times = Array.from({ length: RUNS }, () => {
    const start = performance.now()
    work()
    return performance.now() - start
  }).sort((a, b) => a - b)
  return times[Math.floor(RUNS / 2)] ?? 0
}
