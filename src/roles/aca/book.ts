import type { HansaError } from '../../schema/errors.ts'
import { AccountStore } from './account-store.ts'
import { ApplicationStore } from './application-store.ts'
import type { AcaConfig } from './config.ts'
import type { AcaDeps } from './deps.ts'
import { AuditLog } from './audit-log.ts'
import { CrlDesk } from './crl.ts'
import { Ledger } from './ledger.ts'
import { OcspDesk } from './ocsp.ts'
import { createOwnCas, type OwnCas } from './own-cas.ts'
import { createQueue, type Queue } from './queue.ts'

/** What the parts of the ACA share: everything is decided one after the other (`alone`), and nothing is told before the commit. */
export interface Book {
  readonly config: AcaConfig
  readonly deps: AcaDeps
  readonly ledger: Ledger
  readonly applications: ApplicationStore
  readonly accounts: AccountStore
  readonly crl: CrlDesk
  readonly ocsp: OcspDesk
  readonly audit: AuditLog
  readonly cas: OwnCas
  readonly alone: Queue
}

/** Applications that may wait; each takes a few milliseconds. */
const MAX_WAITING = 1000

export function openBook(config: AcaConfig, deps: AcaDeps): Book {
  const ledger = new Ledger(deps.store)
  const audit = new AuditLog(deps)
  const cas = createOwnCas(deps.verify, deps.sha256)
  return {
    config,
    deps,
    ledger,
    applications: new ApplicationStore(deps.store),
    accounts: new AccountStore(deps.store),
    crl: new CrlDesk(config, deps, ledger, audit, cas),
    ocsp: new OcspDesk(deps, ledger),
    audit,
    cas,
    alone: createQueue(MAX_WAITING)
  }
}

/** The value, or the refusal as what it is. */
export function accepted<T extends { readonly ok: true }>(review: T | { readonly ok: false; readonly error: HansaError }): T {
  if (!review.ok) throw review.error
  return review
}
