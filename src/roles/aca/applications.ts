import { unhex } from '../../core/ids/hex.ts'
import { approvalBytes, approvalsNeeded, type Changes, changed } from '../../core/pki/approval.ts'
import type { ApplicationRecord } from '../../core/pki/application.ts'
import { reviewKey } from '../../core/pki/key-policy.ts'
import { reviewHolder } from '../../core/pki/review.ts'
import { sortRoles } from '../../core/ids/role.ts'
import type { Outcome } from '../../ports/authority-door.ts'
import { HansaError } from '../../schema/errors.ts'
import { parseCsr } from '../../wire/x509/csr.ts'
import { accepted, type Book } from './book.ts'
import { evidenceOf } from './evidence-of.ts'
import type { Issuance } from './issuance.ts'
import { outcomeOf } from './outcome.ts'
import { line } from './read-application.ts'
import type { ApplicationView, Approval } from './views.ts'

/** The one approver where the config names none: whoever has the admin token. */
const OPERATOR = 'operator'

/** draft 3.1.1: applications that a person decides about. */
export class Applications {
  readonly #book: Book
  readonly #issuance: Issuance

  constructor(book: Book, issuance: Issuance) {
    this.#book = book
    this.#issuance = issuance
  }

  /** Those that wait, the oldest first. */
  pending(): ApplicationView[] {
    const now = this.#book.deps.clock.now()
    return this.#book.applications
      .pending()
      .filter(({ expiresAt }) => expiresAt >= now)
      .sort((a, b) => a.at - b.at)
      .map((record) => this.#view(record))
  }

  /** Any that is remembered. Throws NOT_FOUND. */
  application(ref: string): ApplicationView {
    return this.#view(this.#record(ref))
  }

  /** What its applicant learns; `peer` is who asks over the network. Throws NOT_FOUND, also for those of others: whose they are is nobody else's business. */
  status(id: string, peer?: string): Outcome {
    const record = this.#book.applications.byId(id, this.#book.deps.sha256)
    const outcome = record === undefined || record.applicant !== peer ? undefined : outcomeOf(this.#book, record)
    if (outcome === undefined) throw new HansaError('NOT_FOUND', 'no such application, or what it gave has ended')
    return outcome
  }

  /** Counts the approval; with the last one that is needed the certificate is issued. Whatever may have changed is looked at again. See Aca.approve. */
  approve(ref: string, approval: Approval): Promise<ApplicationView> {
    const book = this.#book
    const { alone, deps, applications, audit, config, ledger } = book
    return alone(async () => {
      const record = this.#waiting(ref)
      const changes = changesOf(approval)
      const grant = changed(record.asked, changes, deps.issuer.domain)
      const approver = this.#approver(record, approval, { decision: 'approve', ...changes })
      if (record.account !== undefined && book.accounts.get(record.account)?.endedAt !== undefined)
        throw new HansaError('VOUCHER_INVALID', 'the account that has applied gets nothing more: what it was given was revoked; reject the application')
      const needed = approvalsNeeded(grant, config.policy.twoApprovers)
      if (needed > 1 && config.policy.approvers.size < needed)
        throw new HansaError(
          'PERMISSION_DENIED',
          `the roles ${grant.roles.join()} need ${needed} approvers, and ca.policy.approvers names ${config.policy.approvers.size}: give there, by name, the files of their public keys`,
          { domain: deps.issuer.domain }
        )
      const at = deps.clock.now()
      const approvals = [...record.approvals.filter((each) => each.approver !== approver), { approver, at, changes }]
      // One who has been taken off the list meanwhile does not count.
      const { approvers } = config.policy
      const agreeing = approvals.filter((each) => sameChanges(each.changes, changes) && (approvers.size === 0 || approvers.has(each.approver)))
      const evidence = evidenceOf(book, bytesOf(record.csr), parseCsr(bytesOf(record.csr)), record.applicant)
      const key = accepted(reviewKey(evidence, deps.verify, true))
      // That a name may be taken over was said of the one that was asked for.
      const replace = record.replace && grant.name === record.asked.name
      const claim = { replace, ...(record.account === undefined ? {} : { account: record.account }) }
      const review = accepted(reviewHolder(evidence, key, grant, claim))
      const approved = () =>
        audit.append('approved', approver, record.ref, { digest: record.digest, name: grant.name, roles: grant.roles.join(), scopes: grant.scopes.join() })
      if (agreeing.length < needed) {
        applications.put({ ...record, approvals })
        approved()
        await ledger.commit()
      } else await this.#issuance.issue({ ...record, asked: grant, replace, approvals }, review, evidence, approved)
      return this.application(ref)
    }, 'operator')
  }

  /** One approver is enough. See Aca.reject. */
  reject(ref: string, why: string, approval: Approval): Promise<ApplicationView> {
    const { alone, applications, audit, config, ledger, deps } = this.#book
    return alone(async () => {
      const record = this.#waiting(ref)
      line('the reason', why, 500)
      const approver = this.#approver(record, approval, { decision: 'reject', why })
      applications.put({ ...record, state: 'rejected', message: why, expiresAt: deps.clock.now() + config.policy.pendingForMs })
      audit.append('rejected', approver, record.ref, { digest: record.digest, why })
      await ledger.commit()
      return this.application(ref)
    }, 'operator')
  }

  /** Who decides, proved by their signature over exactly this decision. Throws PERMISSION_DENIED, SIGNATURE_INVALID. */
  #approver({ ref, digest }: ApplicationRecord, approval: Approval, ruling: Changes & { decision: 'approve' | 'reject'; why?: string }): string {
    const { config, deps } = this.#book
    const { approvers } = config.policy
    const { domain } = deps.issuer
    if (approvers.size === 0) return OPERATOR
    const { approver = '', signature } = approval
    const key = approvers.get(approver)
    if (key === undefined) throw new HansaError('PERMISSION_DENIED', `who decides must be one of ${[...approvers.keys()].join(', ')}`, { domain })
    if (signature === undefined || !deps.verify(key, approvalBytes({ domain, ref, digest, ...ruling }), signature))
      throw new HansaError('SIGNATURE_INVALID', `the signature of ${approver} over this decision does not hold`)
    return approver
  }

  #record(ref: string): ApplicationRecord {
    const record = this.#book.applications.get(ref)
    if (record === undefined) throw new HansaError('NOT_FOUND', 'no such application; see which wait')
    return record
  }

  #waiting(ref: string): ApplicationRecord {
    const record = this.#record(ref)
    if (record.state !== 'pending') throw new HansaError('INVALID_ARGUMENT', `this application is ${record.state} already`)
    if (this.#book.deps.clock.now() > record.expiresAt) throw new HansaError('NOT_FOUND', 'this application has waited for too long and is dropped')
    return record
  }

  #view(record: ApplicationRecord): ApplicationView {
    const { ref, state, door, at, expiresAt, peer, keyId, asked, developer, skills, documents, cites, verdicts, digest, message, serial } = record
    return {
      ...{ ref, state, door, at, expiresAt, peer, keyId, asked, skills, documents, verdicts, digest },
      approvals: record.approvals.map(({ approver, at: when }) => ({ approver, at: when })),
      approvalsNeeded: approvalsNeeded(asked, this.#book.config.policy.twoApprovers),
      ...(developer === undefined ? {} : { developer }),
      ...(cites === undefined ? {} : { cites }),
      ...(message === undefined || message === '' ? {} : { message }),
      ...(serial === undefined ? {} : { serial })
    }
  }
}

function changesOf({ name, roles, scopes }: Approval): Changes {
  return { ...(name === undefined ? {} : { name }), ...(roles === undefined ? {} : { roles: sortRoles(roles) }), ...(scopes === undefined ? {} : { scopes }) }
}

/** Two who approve different things have not approved one. */
function sameChanges(a: Changes, b: Changes): boolean {
  const text = ({ name, roles, scopes }: Changes): string => JSON.stringify([name ?? null, roles ?? null, scopes ?? null])
  return text(a) === text(b)
}

/** The rows are our own: what was written as hex is hex. */
function bytesOf(text: string): Uint8Array {
  const bytes = unhex(text)
  if (bytes === undefined) throw new HansaError('INTERNAL', 'an application whose request cannot be read')
  return bytes
}
