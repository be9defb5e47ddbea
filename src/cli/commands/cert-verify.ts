import { readFile, stat } from 'node:fs/promises'
import { type Command, InvalidArgumentError, type OptionValues } from 'commander'
import type { CaseOutcome } from '../../node/path-cases.ts'
import type { PathReport } from '../../node/verify-path.ts'
import { HansaError } from '../../schema/errors.ts'
import { oneOfArgument, repeated } from '../arguments.ts'
import type { Session } from '../context.ts'
import { define, type Frame } from '../define.ts'
import { showTime } from '../show.ts'

/** A list of 100,000 entries has 4 MB; a file of cases with thousands of chains a few dozen. */
const MAX_FILE_BYTES = 128 * 1024 * 1024

/** Path validation of files: needs neither a node nor a home. */
export function addCertVerify(cert: Command, frame: Frame): void {
  define(cert, frame, {
    name: 'verify',
    summary: 'validate a certificate path as a node does it; files are PEM or DER',
    examples: ['cert verify --leaf agent.pem --chain issuing.pem --roots roots.pem --crl aca.crl --purpose client', 'cert verify --cases limbo.json'],
    options: (command) =>
      command
        .option('--leaf <file>', 'the certificate in question')
        .option('--chain <file>', 'intermediate certificates, in any order')
        .option('--roots <file>', 'root certificates that are believed')
        .option('--crl <file>', 'a revocation list; may be given again', repeated)
        .option('--at <time>', 'as of then, such as 2026-01-31T12:00:00Z (default: now)', timeArgument)
        .option('--purpose <purpose>', 'what the holder does: client or server', oneOfArgument('client', 'server'))
        .option('--cases <file>', "a file of path-validation cases, in x509-limbo's JSON"),
    async run(session, _args, options) {
      return options['cases'] === undefined ? verifyOne(session, options) : verifyCases(session, options)
    }
  })
}

async function verifyOne(session: Session, options: OptionValues): Promise<number> {
  const { leaf, roots, chain, crl, at, purpose } = options as Record<string, unknown>
  if (typeof leaf !== 'string' || typeof roots !== 'string')
    throw new HansaError('INVALID_ARGUMENT', '--leaf and --roots are wanted, or --cases', { argument: typeof leaf === 'string' ? 'roots' : 'leaf' })
  const { verifyPathFiles } = await import('../../node/verify-path.ts')
  const report = verifyPathFiles({
    leaf: await readBytes(leaf),
    roots: await readBytes(roots),
    ...(typeof chain === 'string' ? { chain: await readBytes(chain) } : {}),
    ...(Array.isArray(crl) ? { crls: await Promise.all((crl as string[]).map(readBytes)) } : {}),
    now: typeof at === 'number' ? at : Date.now(),
    ...(purpose === 'client' || purpose === 'server' ? { purpose } : {})
  })
  session.out.result(report, render)
  if (report.valid) return 0
  if (!session.out.json) session.stderr.write(`hansa: ${report.message} (${report.reason})\n`)
  return 1
}

function render(report: PathReport): string[] {
  if (!report.valid) return [`invalid      ${report.reason}`]
  const { path, spiffeId, roles = [], notAfter } = report
  return [
    'valid',
    ...(spiffeId === undefined ? [] : [`node         ${spiffeId}`, `roles        ${roles.join(', ')}`]),
    `path         ${path.join(' < ')}`,
    `until        ${showTime(notAfter)}`
  ]
}

async function verifyCases(session: Session, options: OptionValues): Promise<number> {
  for (const name of ['leaf', 'chain', 'roots', 'crl', 'at', 'purpose'])
    if (options[name] !== undefined)
      throw new HansaError('INVALID_ARGUMENT', `--${name} does not go with --cases: each case says what it needs`, { argument: name })
  const { readPathCases, runPathCase } = await import('../../node/path-cases.ts')
  const cases = readPathCases(Buffer.from(await readBytes(String(options['cases']))).toString('utf8'))
  const now = Date.now()
  let good = 0
  for (const each of cases) {
    const outcome = runPathCase(each, now)
    if (outcome.ok) good++
    session.out.result(outcome, renderCase)
  }
  if (!session.out.json) session.stdout.write(`${good} of ${cases.length} ok\n`)
  return good === cases.length ? 0 : 1
}

function renderCase({ id, ok, got, want, reason }: CaseOutcome): string[] {
  return [`${id} ${ok ? 'ok' : 'FAIL'} got=${got} want=${want}${ok || reason === undefined ? '' : ` reason=${reason}`}`]
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file)
    if (size > MAX_FILE_BYTES) throw new HansaError('FRAME_TOO_LARGE', `${file} has ${size} bytes`, { bound: MAX_FILE_BYTES })
    return await readFile(file)
  } catch (cause) {
    if (cause instanceof HansaError) throw cause
    throw new HansaError('NOT_FOUND', `cannot read the file ${file}`, { file }, cause)
  }
}

/** ISO 8601 with a zone, since a time without one means another moment on each machine. */
function timeArgument(text: string): number {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.]\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN
  if (Number.isNaN(time)) throw new InvalidArgumentError('A time such as 2026-01-31T12:00:00Z is wanted.')
  return time
}
