import { z } from 'zod'
import { HansaError } from '../schema/errors.ts'
import { decodePem } from '../wire/x509/pem.ts'
import { type PathReport, verifyPathDer } from './verify-path.ts'

const USAGES: Readonly<Record<string, string>> = {
  anyExtendedKeyUsage: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  OCSPSigning: '1.3.6.1.5.5.7.3.9'
}
const FORMS = { DNS: 'dns', IP: 'ip', URI: 'uri', RFC822: 'email' } as const

/** Absent and null are the same. */
function maybe<T extends z.ZodType>(type: T) {
  return type.nullish().transform((value) => value ?? undefined)
}

const usage = z.string().refine((name) => Object.hasOwn(USAGES, name), 'a usage that is not known')
const peerName = z.object({ kind: z.enum(['DNS', 'IP', 'URI', 'RFC822']), value: z.string() })
const pemList = maybe(z.array(z.string()))

/** x509-limbo's format, version 1; members that are absent, null or empty mean "none". */
const pathCase = z.object({
  id: z.string(),
  validation_kind: maybe(z.enum(['CLIENT', 'SERVER'])),
  trusted_certs: pemList,
  untrusted_intermediates: pemList,
  peer_certificate: z.string(),
  validation_time: maybe(z.iso.datetime({ offset: true })),
  expected_result: z.enum(['SUCCESS', 'FAILURE']),
  expected_peer_name: maybe(peerName),
  expected_peer_names: maybe(z.array(peerName)),
  extended_key_usage: maybe(z.array(usage)),
  max_chain_depth: maybe(z.number().int().min(0)),
  crls: pemList
})
const pathCases = z.object({ testcases: z.array(pathCase) })

export type PathCase = z.infer<typeof pathCase>

export interface CaseOutcome {
  readonly id: string
  readonly ok: boolean
  readonly got: PathCase['expected_result']
  readonly want: PathCase['expected_result']
  /** Why it was refused. */
  readonly reason?: string
  readonly message?: string
}

/** Reads a file of path-validation cases. Throws MALFORMED with the place of what is wrong. */
export function readPathCases(text: string): PathCase[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new HansaError('MALFORMED', 'not a file of cases: no JSON', {}, cause)
  }
  const parsed = pathCases.safeParse(json)
  if (parsed.success) return parsed.data.testcases
  const [issue] = parsed.error.issues
  throw new HansaError('MALFORMED', `not a file of cases: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
}

/** Runs one case; `now`, milliseconds since the epoch, is for those that name no time. */
export function runPathCase(given: PathCase, now: number): CaseOutcome {
  const report = judge(given, now)
  const [got, want] = [report.valid ? ('SUCCESS' as const) : ('FAILURE' as const), given.expected_result]
  return { id: given.id, ok: got === want, got, want, ...(report.valid ? {} : { reason: report.reason, message: report.message }) }
}

function judge(given: PathCase, now: number): PathReport {
  const names = [...(given.expected_peer_name === undefined ? [] : [given.expected_peer_name]), ...(given.expected_peer_names ?? [])]
  const lists = given.crls ?? []
  let leaf, intermediates, anchors, crls
  try {
    leaf = one('CERTIFICATE', given.peer_certificate)
    intermediates = all('CERTIFICATE', given.untrusted_intermediates)
    anchors = all('CERTIFICATE', given.trusted_certs)
    crls = all('X509 CRL', lists)
  } catch (error) {
    if (error instanceof HansaError) return { valid: false, reason: 'malformed', message: error.message }
    throw error
  }
  return verifyPathDer({
    ...{ leaf, intermediates, anchors },
    now: given.validation_time === undefined ? now : Date.parse(given.validation_time),
    ...(given.validation_kind === undefined ? {} : { purpose: given.validation_kind === 'CLIENT' ? 'client' : 'server' }),
    extendedKeyUsage: (given.extended_key_usage ?? []).flatMap((name) => USAGES[name] ?? []),
    names: names.map(({ kind, value }) => ({ form: FORMS[kind], value })),
    ...(given.max_chain_depth === undefined ? {} : { maxDepth: given.max_chain_depth }),
    ...(lists.length === 0 ? {} : { crls })
  })
}

function all(label: string, texts: readonly string[] | undefined): Uint8Array[] {
  return (texts ?? []).map((text) => one(label, text))
}

function one(label: string, text: string): Uint8Array {
  const [der] = decodePem(label, text)
  if (der === undefined) throw new HansaError('MALFORMED', `no PEM block ${label}`)
  return der
}
